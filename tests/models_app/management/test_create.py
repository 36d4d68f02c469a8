"""``power create``."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from models_app.models import Job
from models_app.selectors import model_get, model_served
from tests.models_app.management.conftest import Call


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command is run in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_a_modelfile_makes_a_model(call: Call, tiny: str, here: Path) -> None:
    (here / "Modelfile").write_text(f'FROM {tiny}\nSYSTEM """Be\nbrief."""\nPARAMETER top_k 3\n')
    lines = call("create", "new").splitlines()
    assert lines[0] == "gathering model components"
    assert lines[-2:] == ["success", "created 'new:latest'"]
    served = model_served("new")
    assert (served.system, served.parameters) == ("Be\nbrief.", {"top_k": 3})
    assert [(job.kind, job.state) for job in Job.objects.all()] == [("create", "succeeded")]


def test_paths_start_from_the_modelfile(call: Call, home: Path, db: None, here: Path, tiny_gguf: Path) -> None:
    folder = here / "else" / "where"
    folder.mkdir(parents=True)
    (folder / "m.gguf").write_bytes(tiny_gguf.read_bytes())
    (folder / "My.Modelfile").write_text("FROM ./m.gguf")
    call("create", "new", "--file", "else/where/My.Modelfile")
    assert model_get("new").details.family == "llama"


def test_without_a_modelfile_the_folder_is_the_model(
    call: Call, home: Path, db: None, here: Path, tiny_gguf: Path
) -> None:
    (here / "m.gguf").write_bytes(tiny_gguf.read_bytes())
    call("create", "new")
    assert model_get("new").details.parent_model == "m.gguf"


def test_json_has_one_object_a_line(call: Call, tiny: str, here: Path) -> None:
    (here / "Modelfile").write_text(f"FROM {tiny}")
    lines = [json.loads(line) for line in call("create", "new", "--json").splitlines()]
    assert lines[-2:] == [{"status": "success"}, {"status": "success", "model": "new:latest"}]


def test_standard_input_may_be_the_modelfile(
    call: Call, tiny: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"FROM tiny:1b\nSYSTEM hi")))
    call("create", "new", "-f", "-")
    assert model_served("new").system == "hi"


def test_parameters_of_the_past_are_warned_of(tiny: str, here: Path) -> None:
    (here / "Modelfile").write_text(f"FROM {tiny}\nPARAMETER low_vram true")
    warnings = io.StringIO()
    call_command("create", "new", stdout=io.StringIO(), stderr=warnings)
    assert warnings.getvalue().strip() == "warning: parameter low_vram is deprecated"


@pytest.mark.parametrize(
    ("modelfile", "arguments", "message"),
    [
        ("FROM tiny:1b", ["a b"], "invalid model name"),
        ("FROM tiny:1b", ["new", "-f", "nowhere"], "specified Modelfile wasn't found"),
        ("FROM tiny:1b", ["new", "-f", "."], "the Modelfile is not a regular file"),
        ("FROM tiny:1b", ["new", "-q", "Q9"], "unsupported quantization type Q9"),
        ("FROM tiny:1b", ["new", "--draft-quantize", "Q4_0"], "--draft-quantize requires a DRAFT model"),
        ("SYSTEM x", ["new"], "no FROM line"),
        ("FORM x", ["new"], "(line 1): command must be one of"),
        ("FROM ./nothing", ["new"], "./nothing: no such file or directory"),
        ("FROM tiny:1b\nTEMPLATE {{ if }}", ["new"], "template error: "),
        (None, ["new"], "no Modelfile or safetensors files found"),
    ],
)
def test_what_goes_wrong_is_one_line(
    call: Call, tiny: str, here: Path, modelfile: str | None, arguments: list[str], message: str
) -> None:
    if modelfile is not None:
        (here / "Modelfile").write_text(modelfile)
    with pytest.raises(CommandError) as caught:
        call("create", *arguments)
    assert str(caught.value).startswith(message)
