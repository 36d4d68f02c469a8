"""``demo``: the main job once, on a real model, from nothing to an answered chat."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import orjson
from django.core.management import call_command
from django.core.management.base import CommandError

from models_app.console.command import PowerCommand
from power_site.conf import config

MODEL = "smollm2:135m"
QUESTION = "What is the capital of France? Answer in one sentence."
START_TIMEOUT_SECONDS = 60.0


class Command(PowerCommand):
    help = "Pull a real model, serve it, answer one chat over HTTP, and end."

    def run(self, **options: object) -> None:
        self.step(f"1. pull {MODEL}")
        call_command("pull", MODEL)
        self.step("2. serve")
        with server_running() as url:
            self.stdout.write(f"Power answers at {url}")
            self.step(f"3. chat: {QUESTION}")
            for text in chat(url):
                self.stdout.write(text, ending="")
                self.stdout.flush()
            self.stdout.write("")
        self.step("Done. For daily use, start it with: make serve")
        base = f"http://{config().host}:{config().port}"
        self.stdout.write(f"  web admin        {base}/admin/   (an account: .venv/bin/power createsuperuser)")
        self.stdout.write(f"  Ollama clients   OLLAMA_HOST={base}")
        self.stdout.write(f"  OpenAI clients   base_url={base}/v1   (any api_key)")

    def step(self, text: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(text))


@contextmanager
def server_running() -> Iterator[str]:
    """The address of a running Power: the configured one where it answers, else one started for this demo."""
    host, port = config().host, config().port
    if is_power(f"http://{host}:{port}"):
        yield f"http://{host}:{port}"
        return
    port = port if port_is_free(host, port) else free_port(host)
    url = f"http://{host}:{port}"
    command = [sys.executable, "-m", "power_site", "serve", "--host", host, "--port", str(port)]
    # Its log would run into the answer that is being printed.
    environ = {**os.environ, "A3S_POWER_LOG_LEVEL": "warning"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environ)  # noqa: S603 - our own command
    try:
        wait_until_up(url, process)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def chat(url: str) -> Iterator[str]:
    """The pieces of the answer, as the server streams them."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": QUESTION}], "options": {"temperature": 0}}
    with httpx2.stream("POST", f"{url}/api/chat", json=body, timeout=120) as response:
        for line in response.iter_lines():
            chunk = orjson.loads(line)
            if "error" in chunk:
                raise CommandError(chunk["error"])
            yield chunk["message"]["content"]


def wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not is_power(url):
        if process.poll() is not None:
            raise CommandError(f"the server ended at its start with exit code {process.returncode}")
        if time.monotonic() > deadline:
            raise CommandError(f"the server did not answer within {START_TIMEOUT_SECONDS:.0f} s")
        time.sleep(0.1)


def is_power(url: str) -> bool:
    try:
        health = httpx2.get(f"{url}/health", timeout=2)
        return health.status_code == 200 and "loaded_models" in health.json()
    except (httpx2.HTTPError, ValueError):
        return False


def port_is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
