from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models_app.models import Job
from models_app.selectors import model_get
from tests.models_app.management.commands import ROOT, environment, power
from tests.models_app.management.conftest import Call

STEP_SECONDS = 2.0


@pytest.mark.usefixtures("home", "db")
def test_a_file_becomes_a_model_of_the_given_name(call: Call, tiny_gguf: Path) -> None:
    lines = call("pull", str(tiny_gguf), "--name", "tiny:1b").splitlines()
    assert lines[0] == "pulling manifest"
    assert lines[-2:] == ["success", "pulled 'tiny:1b'"]
    assert model_get("tiny:1b").details.family == "llama"


@pytest.mark.usefixtures("home", "db")
def test_json_has_one_object_a_line_and_the_name_at_the_end(call: Call, tiny_gguf: Path) -> None:
    lines = [json.loads(line) for line in call("pull", str(tiny_gguf), "--name", "tiny:1b", "--json").splitlines()]
    assert lines[0] == {"status": "pulling manifest"}
    assert lines[-1] == {"status": "success", "model": "tiny:1b"}
    layer = next(line for line in lines if "digest" in line)
    assert 0 <= layer["completed"] <= layer["total"]


@pytest.mark.usefixtures("home", "db")
def test_a_pull_is_a_job_that_ends(call: Call, tiny_gguf: Path) -> None:
    call("pull", str(tiny_gguf), "--name", "tiny:1b")
    assert [(job.kind, job.state) for job in Job.objects.all()] == [("pull", "succeeded")]


@pytest.mark.parametrize("kind", ["fifo", "device", "directory", "dangling"])
def test_a_special_file_is_refused_at_once(home: Path, db: None, tmp_path: Path, call: Call, kind: str) -> None:
    """S5 (CVE-2024-39721): what never ends, or never begins, is no model."""
    from django.core.management import CommandError

    path = tmp_path / "model.gguf"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "directory":
            path.mkdir()
        case "dangling":
            path.symlink_to(tmp_path / "gone")
    begun = time.monotonic()
    with pytest.raises(CommandError) as caught:
        call("pull", str(path), "--name", "x")
    assert time.monotonic() - begun < STEP_SECONDS
    assert str(caught.value)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.slow
def test_a_failure_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    done = power(tmp_path, "pull", "no-such-model:1b")
    assert (done.returncode, done.stdout) == (1, "pulling manifest\n")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_ctrl_c_ends_a_pull_with_130_and_no_model(tmp_path: Path) -> None:
    source = tmp_path / "big.gguf"
    with source.open("wb") as file:
        file.write(b"GGUF")
        file.truncate(40 << 30)  # sparse: long enough to be interrupted, and it takes no space
    settings = environment(tmp_path / "home", min_free_bytes=0)
    command = [sys.executable, str(ROOT / "manage.py"), "pull", str(source), "--name", "big"]
    with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "pulling manifest\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "interrupted\n")
    assert "big" not in power(tmp_path / "home", "list").stdout
