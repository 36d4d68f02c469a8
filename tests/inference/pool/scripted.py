"""A host that does what the test says, and a clock that moves when the test moves it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from inference import (
    GenerateRequest,
    LoadOptions,
    ModelSpec,
    Pool,
    PoolConfig,
    PoolObserver,
    Stream,
    TextPrompt,
)
from inference.engine.cells import context_length
from inference.errors import InferenceError, WorkerCrashed
from inference.events import Event, Finished, Started, TextDelta
from inference.mailbox import Mailbox
from inference.worker.exits import STOPPED, Exit, exit_of_status
from inference.worker.host import OnExit, Request
from inference.worker.protocol import LoadedInfo

REQUEST = GenerateRequest(prompt=TextPrompt(text="hi"))
STARTED = Started(n_prompt=3, n_cached=1, n_ctx=4096)
FINISHED = Finished(reason="stop", n_prompt=3, n_cached=1, n_generated=1, prompt_seconds=0.1, decode_seconds=0.2)


def spec(letter: str = "a", *, size_bytes: int = 1000) -> ModelSpec:
    return ModelSpec(
        name=f"model-{letter}",
        digest=letter * 64,
        model_path="fake:",
        size_bytes=size_bytes,
        n_ctx_train=8192,
        kv_bytes_per_token=10,
    )


class ScriptedHost:
    """Loads when told so, answers when told so. ``submitted`` are (id, mailbox), ``cancelled`` ids."""

    pid = None

    def __init__(self, spec: ModelSpec, options: LoadOptions, *, on_exit: OnExit, slow_stop: bool) -> None:
        self.spec = spec
        self.options = options
        self.submitted: list[tuple[int, Mailbox]] = []
        self.cancelled: list[int] = []
        self.gone = False
        self.stopping = False
        self._on_exit = on_exit
        self._slow_stop = slow_stop
        self._stopped = asyncio.Event()
        self._loaded: asyncio.Future[LoadedInfo] = asyncio.get_running_loop().create_future()

    async def start(self) -> LoadedInfo:
        return await self._loaded

    def submit(self, request: Request, mailbox: Mailbox) -> int:
        self.submitted.append((len(self.submitted) + 1, mailbox))
        return len(self.submitted)

    def cancel(self, request_id: int) -> None:
        self.cancelled.append(request_id)

    async def stop(self) -> None:
        self.stopping = True
        if self._slow_stop:
            await self._stopped.wait()
        self.exit(STOPPED)

    def kill(self) -> None:
        self.exit(STOPPED)

    # The script.

    def ready(self) -> None:
        n_ctx = context_length(self.spec, self.options)
        self._loaded.set_result(LoadedInfo(n_ctx=n_ctx, n_cells=4 * n_ctx, size_bytes=self.spec.size_bytes))

    def refuse(self, error: InferenceError) -> None:
        self._loaded.set_exception(error)
        asyncio.get_running_loop().call_soon(self.exit, STOPPED)

    def say(self, index: int, *events: Event) -> None:
        for event in events:
            self.submitted[index][1].put(event)

    def finish_stop(self) -> None:
        self._stopped.set()

    def crash(self, status: int = -11) -> None:
        ending = exit_of_status(status)
        error = WorkerCrashed(ending.words)
        if not self._loaded.done():
            self._loaded.set_exception(error)
        self.exit(ending)
        for _, mailbox in self.submitted:
            mailbox.fail(error)

    def exit(self, ending: Exit) -> None:
        if not self.gone:
            self.gone = True
            self._on_exit(ending)


@dataclass
class FakeTimer:
    at: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class FakeClock:
    now: float = 1000.0
    timers: list[FakeTimer] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> FakeTimer:
        self.timers.append(FakeTimer(self.now + seconds, callback))
        return self.timers[-1]

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = [timer for timer in self.timers if timer.at <= self.now]
        self.timers = [timer for timer in self.timers if timer.at > self.now]
        for timer in due:
            if not timer.cancelled:
                timer.callback()


class RecordingObserver(PoolObserver):
    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def model_loaded(self, name: str, seconds: float) -> None:
        self.seen.append(("loaded", name))

    def load_failed(self, name: str, error: str) -> None:
        self.seen.append(("load_failed", name, error))

    def model_evicted(self, name: str, reason: str) -> None:
        self.seen.append(("evicted", name, reason))

    def worker_exited(self, name: str, reason: str) -> None:
        self.seen.append(("exited", name, reason))

    def generation_started(self, name: str, started: Started) -> None:
        self.seen.append(("started", name, started.n_prompt, started.n_cached))

    def generation_finished(self, name: str, finished: Finished) -> None:
        self.seen.append(("finished", name, finished.n_generated))

    def generation_failed(self, name: str, error: str) -> None:
        self.seen.append(("failed", name, error))

    def request_refused(self, name: str, error: str) -> None:
        self.seen.append(("refused", name, error))


class Bench:
    """A pool over scripted hosts."""

    def __init__(self, *, slow_stop: bool = False, available_bytes: float = float("inf"), **config: Any) -> None:
        self.hosts: list[ScriptedHost] = []
        self.clock = FakeClock()
        self.observer = RecordingObserver()
        self.available_bytes = available_bytes
        self._slow_stop = slow_stop
        self.pool = Pool(
            PoolConfig(backend="fake", **config),
            observer=self.observer,
            open_host=self._open_host,
            clock=self.clock,
            memory_available=lambda: self.available_bytes,
        )

    def _open_host(self, spec: ModelSpec, options: LoadOptions, config: PoolConfig, *, on_exit: OnExit) -> ScriptedHost:
        self.hosts.append(ScriptedHost(spec, options, on_exit=on_exit, slow_stop=self._slow_stop))
        return self.hosts[-1]

    def ask(
        self, spec: ModelSpec, options: LoadOptions | None = None, *, keep_alive_seconds: float | None = None
    ) -> asyncio.Task[Stream]:
        return _task(self.pool.generate(spec, options or LoadOptions(), REQUEST, keep_alive_seconds=keep_alive_seconds))

    async def loaded(self, spec: ModelSpec, *, keep_alive_seconds: float | None = None) -> ScriptedHost:
        """The model is resident and idle."""
        task = _task(self.pool.load(spec, LoadOptions(), keep_alive_seconds=keep_alive_seconds))
        await settle()
        self.hosts[-1].ready()
        await task
        return self.hosts[-1]

    async def streaming(self, host: ScriptedHost, *, keep_alive_seconds: float | None = None) -> Stream:
        """A generation on a resident model that has started."""
        task = self.ask(host.spec, keep_alive_seconds=keep_alive_seconds)
        await settle()
        host.say(-1, STARTED)
        return await task

    @property
    def states(self) -> dict[str, str]:
        return {resident.name: resident.state for resident in self.pool.residents()}


def _task(coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(coroutine)


async def settle() -> None:
    """Lets everything that is ready to run do so. Nothing here waits for time or for another thread."""
    for _ in range(10):
        await asyncio.sleep(0)


async def read(stream: Stream) -> list[Event]:
    return [event async for events in stream for event in events]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))
