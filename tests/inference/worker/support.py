"""Hosts and pools over the fake backend, which needs no model file and no llama.cpp."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from inference import GenerateRequest, LoadOptions, ModelSpec, PoolConfig, Stream, TextPrompt
from inference.events import Event, TextDelta
from inference.mailbox import Mailbox
from inference.worker.exits import Exit
from inference.worker.host import WorkerHost

REQUEST = GenerateRequest(prompt=TextPrompt(text="hello"))
ENDLESS = "fake:delay=0.01&length=1000000&text=abc"


def fake_spec(path: str = "fake:length=5", *, letter: str = "a") -> ModelSpec:
    return ModelSpec(
        name=f"fake-{letter}",
        digest=letter * 64,
        model_path=path,
        size_bytes=1000,
        n_ctx_train=1 << 20,
        kv_bytes_per_token=1,
    )


class Hosted:
    """A WorkerHost and what it reported."""

    def __init__(self, spec: ModelSpec, config: PoolConfig) -> None:
        self.exits: list[Exit] = []
        self.host = WorkerHost(spec, LoadOptions(num_ctx=1 << 20), config, on_exit=self.exits.append)

    def submit(self, request: GenerateRequest = REQUEST) -> tuple[int, Mailbox]:
        mailbox = Mailbox(on_end=lambda event: None, on_overflow=lambda: None)
        return self.host.submit(request, mailbox), mailbox


async def read_all(mailbox: Mailbox) -> list[Event]:
    events: list[Event] = []
    while batch := await mailbox.get():
        events += batch
    return events


async def text_read(stream: Stream) -> str:
    return "".join([event.text async for events in stream for event in events if isinstance(event, TextDelta)])


async def until(condition: Callable[[], bool], *, seconds: float = 20) -> float:
    """Waits for it, in steps of 5 ms; the seconds that took. Fails when it does not come true."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "did not happen in time"
        await asyncio.sleep(0.005)
    return time.monotonic() - began


def is_alive(pid: int) -> bool:
    """Neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
