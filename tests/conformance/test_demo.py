"""The README's first command, on a home that does not exist yet."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]


def run_demo(home: Path, port: int) -> str:
    environ = {"PATH": "/usr/bin:/bin", "A3S_POWER_HOME": str(home), "A3S_POWER_PORT": str(port)}
    done = subprocess.run([sys.executable, "-m", "power_site", "demo"], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_pulls_serves_and_answers_and_does_so_again(smollm2_path: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for _ in range(2):
        output = run_demo(tmp_path / "home", port)
        assert "Paris" in output
        assert f"http://127.0.0.1:{port}/admin/" in output
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)), "the demo's server has ended"
