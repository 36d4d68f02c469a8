"""The commands that speak of others: env, completion, push and import-ollama."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError

from tests.models_app.management.conftest import Call
from tests.models_app.services.test_import_ollama import NAME, OllamaStore


@pytest.mark.usefixtures("home")
def test_env_prints_what_a_shell_can_evaluate(call: Call) -> None:
    values = json.loads(call("env", "--json"))
    assert set(values) >= {"OLLAMA_HOST", "OPENAI_BASE_URL", "OPENAI_API_KEY"}
    assert call("env").splitlines()[0] == f"export OLLAMA_HOST='{values['OLLAMA_HOST']}'"
    assert call("env", "--shell", "fish").startswith("set -gx OLLAMA_HOST ")


def test_completion_offers_every_flag_that_a_command_has(call: Call) -> None:
    script = call("completion", "bash")
    (line,) = [line for line in script.splitlines() if line.strip().startswith("run)")]
    assert "--hidethinking" in line
    assert "--pythonpath" not in line
    assert "import-ollama" in script


def test_a_push_of_an_unknown_model_says_so(call: Call, home: Path, db: None) -> None:
    with pytest.raises(CommandError, match="model 'nope' not found"):
        call("push", "nope")


def test_a_push_to_where_nothing_can_be_pushed_says_so(call: Call, tiny: str) -> None:
    with pytest.raises(CommandError, match="not supported"):
        call("push", tiny)


def test_import_ollama_tells_of_each_model_and_fails_if_any_was_skipped(
    call: Call, store: Path, tmp_path: Path, tiny_gguf: Path
) -> None:
    ollama = OllamaStore(tmp_path / "ollama")
    ollama.add_model(NAME, tiny_gguf.read_bytes())
    text = call("import_ollama", str(ollama.folder))
    assert text.startswith("tiny:1b: taken over, ")
    assert text.endswith(", 3 blobs linked\n")
    assert call("import_ollama", str(ollama.folder)) == "tiny:1b: there already\n"
    ollama.manifest("registry.ollama.ai/library/broken").mkdir()
    ollama.manifest("registry.ollama.ai/library/broken/latest").write_text("nothing")
    with pytest.raises(CommandError, match="1 of 2 models"):
        call("import_ollama", str(ollama.folder), "--json")
