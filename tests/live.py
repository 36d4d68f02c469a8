"""A real server in a process of its own: ``manage.py serve`` on a free port, with a home of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
_ADDRESS = re.compile(r"Power answers at (http://\S+)")


class LiveServer:
    """``url`` without a trailing slash. Everything the server prints is in ``log()``."""

    def __init__(self, home: Path, settings: dict[str, object]) -> None:
        self.home = home
        self.settings = settings
        home.mkdir(parents=True, exist_ok=True)
        self.temporary = home.parent / f"{home.name}-tmp"
        self.temporary.mkdir(exist_ok=True)
        self._log_path = home.parent / f"{home.name}-server.log"
        self.process: subprocess.Popen[bytes]
        self.url = ""

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def start(self) -> None:
        with self._log_path.open("ab") as log:
            position = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "serve", "--port", "0"],
                env=self.environment(),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.url = self._wait_for_address(position)

    def manage(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """One of Power's commands on this server's home, whether or not the server runs."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(
            command, env=self.environment(), cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=120
        )

    def environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
        own = {f"A3S_POWER_{name.upper()}": str(value) for name, value in self.settings.items()}
        return (
            inherited
            | own
            | {
                "A3S_POWER_HOME": str(self.home),
                "PYTHONUNBUFFERED": "1",
                "TMPDIR": str(self.temporary),
            }
        )

    def add_model(self, path: Path, name: str) -> None:
        """Pulls a GGUF file into the catalog, with the server running or before it starts."""
        done = self.manage("pull", str(path), "--name", name)
        assert done.returncode == 0, done.stderr

    def n_threads(self) -> int:
        return int(self._status()["Threads"])

    def rss_bytes(self) -> int:
        return int(self._status()["VmRSS"].split()[0]) * 1024

    def workers(self) -> list[int]:
        """The pids of the server's own child processes."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def _status(self) -> dict[str, str]:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def log(self) -> str:
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def health(self) -> dict[str, object]:
        answer: dict[str, object] = httpx2.get(f"{self.url}/health", timeout=10).json()
        return answer

    def terminate(self, *, seconds: float = 60.0) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(timeout=10)

    def _wait_for_address(self, position: int) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = _ADDRESS.search(self._log_path.read_bytes()[position:].decode(errors="replace"))
            if found:
                return found[1]
            assert self.is_alive(), f"the server ended at its start:\n{self.log()}"
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(f"the server did not start:\n{self.log()}")
