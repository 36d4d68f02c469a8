"""The virtual environment with other people's clients and test suites, which `make slow` sets up beside ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SUITES = HERE / "clients"
BIN = Path(sys.prefix) / "clients" / "bin"


def run_client(program: str, *arguments: str, cwd: Path, seconds: float, **environment: str) -> str:
    """Runs one of its programs and returns what it printed. Fails the test with it; skips it without the clients."""
    if not (BIN / program).exists():
        pytest.skip("the clients' environment is not set up: make .venv/.clients")
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        [str(BIN / program), *arguments],
        cwd=cwd,
        env=inherited | {"PYTHONPATH": str(SUITES), "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, f"{done.stdout[-20_000:]}\n{done.stderr[-5_000:]}"
    return done.stdout
