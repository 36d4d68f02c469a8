"""An environment for each family of other people's clients: Python's are virtual environments, node's are folders.

``client_env("langchain")`` has what requirements/clients/langchain.txt locks, and ``node_env("openai")`` what
clients/node/openai/package-lock.json locks. Each is made when a test first asks for it, below .venv/clients, kept until
its lock file changes, and may be asked for by several processes at once. Making one needs the package registries: where
they can't be reached the test fails and says so.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SUITES = HERE / "clients"
ENVIRONMENTS = ROOT / ".venv" / "clients"
INSTALL_SECONDS = 900.0
_STAMP = ".made-of"


@dataclass(frozen=True, slots=True)
class ClientEnv:
    """A virtual environment. Its programs see the modules of tests/conformance/clients."""

    family: str
    path: Path

    def run(self, program: str, *arguments: str, cwd: Path, seconds: float, **environment: str) -> str:
        """Runs one of its programs (``python`` too) and returns what it printed; fails the test where that fails."""
        variables = {"PYTHONPATH": str(SUITES), "PYTHONDONTWRITEBYTECODE": "1"} | environment
        return _checked([str(self.path / "bin" / program), *arguments], cwd=cwd, seconds=seconds, environment=variables)


@dataclass(frozen=True, slots=True)
class NodeEnv:
    """A folder with ``node_modules`` and our scripts of the same family (tests/conformance/clients/node/<family>)."""

    family: str
    path: Path

    def run(self, script: str, *arguments: str, seconds: float, **environment: str) -> str:
        """Runs a script's tests with node's own runner and returns its report; fails the test where one fails."""
        command = ["node", "--test", "--test-reporter=spec", *arguments, script]
        return _checked(command, cwd=self.path, seconds=seconds, environment=environment)


def client_env(family: str) -> ClientEnv:
    lock = ROOT / "requirements" / "clients" / f"{family}.txt"
    path = ENVIRONMENTS / family
    with _locked(path):
        _prepare(path, _digest(lock, sys.version), lambda: _make_venv(path, lock))
    return ClientEnv(family, path)


def node_env(family: str) -> NodeEnv:
    ours = SUITES / "node" / family
    path = ENVIRONMENTS / f"node-{family}"
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.fail("these tests need node and npm (on Debian: apt-get install nodejs npm)")
    with _locked(path):
        _prepare(path, _digest(ours / "package-lock.json"), lambda: _make_folder(path, ours))
        for script in ours.glob("*.mjs"):
            shutil.copy(script, path)
    return NodeEnv(family, path)


def _make_venv(path: Path, lock: Path) -> None:
    _install([sys.executable, "-m", "venv", str(path)])
    pip = [str(path / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The lock has everything: without a resolver, that can't read a lock with extras and hashes together.
    _install([*pip, "--no-deps", "--require-hashes", "--requirement", str(lock)])


def _make_folder(path: Path, ours: Path) -> None:
    path.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ours / name, path)
    _install(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(path)])


def _prepare(path: Path, stamp: str, make: Callable[[], None]) -> None:
    """The stamp is written last: an environment that was interrupted is made again."""
    made_of = path / _STAMP
    if made_of.exists() and made_of.read_text() == stamp:
        return
    print(f"making the clients' environment {path.name}", file=sys.stderr, flush=True)
    shutil.rmtree(path, ignore_errors=True)
    make()
    made_of.write_text(stamp)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(lock: Path, *more: str) -> str:
    return hashlib.sha256(lock.read_bytes() + "".join(more).encode()).hexdigest()


def _install(command: list[str]) -> None:
    """With the whole environment: where a registry is and how it is reached is the machine's own affair."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-3_000:]
        pytest.fail(f"the clients' environment can't be made (is there a network?): {' '.join(command[:4])} …\n{said}")


def _checked(command: list[str], *, cwd: Path, seconds: float, environment: dict[str, str]) -> str:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        command, cwd=cwd, env=inherited | environment, capture_output=True, text=True, timeout=seconds
    )
    assert done.returncode == 0, f"{done.stdout[-20_000:]}\n{done.stderr[-5_000:]}"
    return done.stdout
