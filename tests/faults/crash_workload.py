"""What clients ask of a server until it is killed: streams, and changes of the catalog over HTTP and by commands."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx2

from tests.faults.crash_ledger import ABSENT, Answer, Digests, Ledger
from tests.live import ROOT, LiveServer

STEADY = "steady:latest"
HTTP_NAMES = (("h0:latest", "h1:latest"), ("h2:latest", "team/h3:1"))
COMMAND_NAMES = (("c0:latest", "c1:latest"), ("c2:latest", "team/c3:1"))
DRIVER_NAMES = ("a:latest", "b:latest", "team/c:latest", "d:1")  # those of store_driver.py
NAMES = [name for names in (*HTTP_NAMES, *COMMAND_NAMES, DRIVER_NAMES) for name in names]


@dataclass(frozen=True)
class Source:
    """What can be pulled, by its path and its URLs, and the digest of the manifest that comes of it."""

    places: tuple[str, ...]
    digest: str


@dataclass
class Workload:
    """Six clients of one life of a server: threads with dice of their own; who changes names has his own names, too."""

    server: LiveServer
    ledger: Ledger
    sources: Sequence[Source]
    streams: Counter[int] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)
    _commands: dict[int, subprocess.Popen[str]] = field(default_factory=dict)

    @contextmanager
    def running(self, chance: random.Random) -> Iterator[None]:
        """Raises what a client found wrong. The caller kills the server inside, after ``end``."""
        with ThreadPoolExecutor(6) as threads:
            dice = [random.Random(chance.random()) for _ in range(6)]
            futures = [threads.submit(self._stream, dice.pop()) for _ in range(2)]
            futures += [threads.submit(self._change_by_http, names, dice.pop()) for names in HTTP_NAMES]
            futures += [threads.submit(self._change_by_commands, names, dice.pop()) for names in COMMAND_NAMES]
            try:
                yield
            finally:
                self._over.set()
        for future in futures:
            future.result()

    def end(self, *, kill_commands: bool) -> None:
        """From now on a connection may break. Commands that aren't killed go on, without the server."""
        self._over.set()
        for command in list(self._commands.values()) if kill_commands else ():
            command.kill()

    def _stream(self, chance: random.Random) -> None:
        while not self._over.is_set():
            model = chance.choice((STEADY, STEADY, *NAMES))
            if chance.random() < 0.5:
                self._read("/api/generate", {"model": model, "prompt": "hi", "raw": True})
            else:
                self._read("/api/chat", {"model": model, "messages": [{"role": "user", "content": "hi"}]})

    def _read(self, path: str, body: dict[str, object]) -> None:
        try:
            with httpx2.stream("POST", f"{self.server.url}{path}", json=body, timeout=60) as answer:
                lines = list(answer.iter_lines())
        except httpx2.TransportError:
            assert self._over.is_set(), "a stream broke off before the server was killed"
            return
        assert answer.status_code in (200, 404), (answer.status_code, lines)
        assert answer.status_code == 404 or '"done":true' in lines[-1], lines[-1]
        self.streams[answer.status_code] += 1

    def _change_by_http(self, names: Sequence[str], chance: random.Random) -> None:
        with httpx2.Client(base_url=self.server.url, timeout=90) as client:
            while not self._over.is_set():
                name = chance.choice(names)
                if chance.random() < 0.6:
                    source, becomes = self._copied(chance)
                    body = {"source": source, "destination": name}
                    self.ledger.change("http copy", name, becomes, partial(self._ask, client, "POST", "copy", body))
                else:
                    body = {"model": name}
                    self.ledger.change("http rm", name, ABSENT, partial(self._ask, client, "DELETE", "delete", body))
                time.sleep(chance.uniform(0, 0.02))

    def _ask(self, client: httpx2.Client, method: str, action: str, body: dict[str, str]) -> Answer:
        try:
            answer = client.request(method, f"/api/{action}", json=body)
        except httpx2.TransportError:
            assert self._over.is_set(), "a connection broke off before the server was killed"
            return Answer.NONE
        assert answer.status_code in (200, 404), (answer.status_code, answer.text)
        return Answer.DONE if answer.status_code == 200 else Answer.NOT_FOUND

    def _change_by_commands(self, names: Sequence[str], chance: random.Random) -> None:
        while not self._over.is_set():
            name = chance.choice(names)
            action = chance.choice(("pull", "pull", "cp", "cp", "rm"))
            becomes: Digests = ABSENT
            arguments: tuple[str, ...] = (name,)
            if action == "pull":
                pulled = chance.choice(self.sources)
                becomes, arguments = frozenset({pulled.digest}), (chance.choice(pulled.places), "--name", name)
            elif action == "cp":
                source, becomes = self._copied(chance)
                arguments = (source, name)
            self.ledger.change(f"power {action}", name, becomes, partial(self._command, action, *arguments))

    def _command(self, *arguments: str) -> Answer:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            # Where `rm` looks for the server that may hold the model.
            env=self.server.environment() | {"A3S_POWER_PORT": str(self.server.port)},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._commands[threading.get_ident()] = process
        _, errors = process.communicate(timeout=120)
        if process.returncode == 1 and arguments[0] != "pull" and "not found" in errors:
            return Answer.NOT_FOUND
        assert process.returncode in (0, -9), (arguments[0], process.returncode, errors)
        return Answer.DONE if process.returncode == 0 else Answer.NONE

    def _copied(self, chance: random.Random) -> tuple[str, Digests]:
        """A source, and what a copy of it can be: somebody else may change the source at this moment."""
        if chance.random() < 0.3:
            return STEADY, self.ledger.of(STEADY)
        return chance.choice(NAMES), self.ledger.any
