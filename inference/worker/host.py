"""The server's side of one worker: starts it, hands it requests, passes its events on, and sees to it that it ends.

Everything runs on the event loop's thread; the worker's frames arrive there directly (an asyncio protocol on the
socket), so one frame is one callback however many sequences it speaks of.

Rules of supervision: a worker that ends fails its requests with WorkerCrashed as soon as the socket says so; one that
makes no progress for ``hang_timeout_seconds`` is killed; a load without progress for ``load_timeout_seconds``
likewise; one that does not stop when asked is killed after ``STOP_SECONDS``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol, cast

import msgspec

from inference.config import LoadOptions, PoolConfig
from inference.errors import InferenceError, InvalidRequest, LoadTimeout, ModelLoadError, WorkerCrashed
from inference.mailbox import Mailbox
from inference.request import EmbedRequest, GenerateRequest, TokenizeRequest
from inference.spec import ModelSpec
from inference.worker import exits
from inference.worker.exits import Exit
from inference.worker.progress import ProgressWatch
from inference.worker.protocol import (
    Cancel,
    Embed,
    Frame,
    FrameReader,
    FromWorker,
    Heartbeat,
    Load,
    Loaded,
    LoadedInfo,
    LoadFailed,
    LoadProgress,
    ProtocolError,
    Shutdown,
    Submit,
    Tokenize,
    ToWorker,
    decode_from_worker,
    encode,
)
from inference.worker.runtimes import Launch, Runtime, launch_inline, launch_process

logger = logging.getLogger(__name__)

STOP_SECONDS = 5.0
# A socket that closes is a process about to end; past this it is taken for dead and killed.
_REAP_SECONDS = 0.5
_POLL_SECONDS = 0.005
# No step of any model says this much; a worker that does has lost its mind.
_MAX_FRAME_BYTES = 64 << 20

OnExit = Callable[[Exit], None]
Request = GenerateRequest | EmbedRequest | TokenizeRequest

_MESSAGES: dict[type[Request], type[Submit | Embed | Tokenize]] = {
    GenerateRequest: Submit,
    EmbedRequest: Embed,
    TokenizeRequest: Tokenize,
}


class Host(Protocol):
    """What the pool needs of a worker. ``on_exit`` (given to the factory) is called once, whatever ended it."""

    @property
    def pid(self) -> int | None: ...

    async def start(self) -> LoadedInfo: ...

    def submit(self, request: Request, mailbox: Mailbox) -> int: ...

    def cancel(self, request_id: int) -> None: ...

    async def stop(self) -> None: ...

    def kill(self) -> None: ...


class WorkerHost(asyncio.Protocol):
    """One worker, process or inline, from start to exit."""

    def __init__(
        self,
        spec: ModelSpec,
        options: LoadOptions,
        config: PoolConfig,
        *,
        on_exit: OnExit,
        launch: Launch | None = None,
    ) -> None:
        self._load = Load(spec, options, config.backend, config.heartbeat_seconds)
        self._config = config
        self._on_exit = on_exit
        self._launch = launch or (launch_process if config.engine_host == "process" else launch_inline)
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(max_frame_bytes=_MAX_FRAME_BYTES)
        self._encoder = msgspec.msgpack.Encoder()
        self._mailboxes: dict[int, Mailbox] = {}
        self._last_request_id = 0
        self._runtime: Runtime | None = None
        self._transport: asyncio.Transport | None = None
        self._loaded: asyncio.Future[LoadedInfo] = self._loop.create_future()
        self._exited = asyncio.Event()
        self._verdict: Exit | None = None
        self._progress: ProgressWatch | None = None
        self._load_progress = (0.0, self._loop.time())
        self._watch_timer: asyncio.TimerHandle | None = None
        self._reaper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._runtime.pid if self._runtime else None

    async def start(self) -> LoadedInfo:
        """Loads the model. Raises the worker's ModelLoadError, LoadTimeout or WorkerCrashed; the worker is gone
        then."""
        try:
            sock, self._runtime = self._launch()
        except OSError as error:
            self._finish(exits.NOT_STARTED, ModelLoadError("the model's worker could not be started"))
            raise ModelLoadError("the model's worker could not be started") from error
        try:
            await self._loop.create_unix_connection(lambda: self, sock=sock)
            self._send(self._load)
            self._watch_later()
            return await self._loaded
        except BaseException:
            self.kill()
            if self._transport is None:
                sock.close()
                self.connection_lost(None)
            raise

    def submit(self, request: Request, mailbox: Mailbox) -> int:
        """Hands the request to the worker; its events go to ``mailbox`` until that ends. Raises InvalidRequest."""
        try:
            body = self._encoder.encode(request)
        except (TypeError, ValueError, OverflowError, RecursionError):
            raise InvalidRequest("the request holds values that can't be passed to the model's worker") from None
        self._last_request_id += 1
        self._mailboxes[self._last_request_id] = mailbox
        self._send(_MESSAGES[type(request)](self._last_request_id, msgspec.Raw(body)))
        if self._exited.is_set():
            mailbox.fail(WorkerCrashed("stopped"))
        return self._last_request_id

    def cancel(self, request_id: int) -> None:
        """The worker drops the request within one step; its mailbox hears nothing more. Ended ones are ignored."""
        if self._mailboxes.pop(request_id, None) is not None:
            self._send(Cancel(request_id))

    async def stop(self) -> None:
        """Asks, waits ``STOP_SECONDS``, kills. Returns when the worker is gone; requests it still has fail at once."""
        if self._runtime is None:
            return
        self._verdict = self._verdict or exits.STOPPED
        self._fail_all(WorkerCrashed(self._verdict.words))
        self._send(Shutdown())
        try:
            await asyncio.wait_for(self._exited.wait(), STOP_SECONDS)
        except TimeoutError:
            self.kill()
            await self._exited.wait()

    def kill(self, verdict: Exit | None = None) -> None:
        """Ends the worker at once; ``verdict`` says why, where the signal would not."""
        if self._exited.is_set() or self._runtime is None:
            return
        self._verdict = self._verdict or verdict or exits.STOPPED
        self._runtime.kill()

    # The asyncio protocol.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._reader.feed(data):
                self._handle(decode_from_worker(body))
        except ProtocolError:
            logger.error("worker %s sent an unreadable frame", self.pid)
            self.kill(exits.PROTOCOL)

    def connection_lost(self, exc: Exception | None) -> None:
        self._reaper = self._loop.create_task(self._reap())

    def _handle(self, message: FromWorker) -> None:
        if isinstance(message, Frame):
            self._handle_frame(message)
        elif isinstance(message, Heartbeat):
            if self._progress is not None:
                self._progress.heartbeat(message, self._loop.time(), busy=bool(self._mailboxes))
        elif isinstance(message, LoadProgress):
            if message.fraction > self._load_progress[0]:
                self._load_progress = (message.fraction, self._loop.time())
        elif isinstance(message, Loaded):
            self._progress = ProgressWatch(timeout_seconds=self._config.hang_timeout_seconds, now=self._loop.time())
            _set_result(self._loaded, message.info)
        elif isinstance(message, LoadFailed):
            _set_exception(self._loaded, message.failure.exception())

    def _handle_frame(self, frame: Frame) -> None:
        if self._progress is not None:
            self._progress.frame(self._loop.time())
        for request_id, event in frame.events:
            mailbox = self._mailboxes.get(request_id)
            if mailbox is not None:
                mailbox.put(event)
                if mailbox.ended:
                    self._mailboxes.pop(request_id, None)

    def _send(self, message: ToWorker) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode(message))

    # Supervision.

    def _watch_later(self) -> None:
        seconds = min(1.0, self._config.hang_timeout_seconds / 4, self._config.load_timeout_seconds / 4)
        self._watch_timer = self._loop.call_later(seconds, self._watch, self._loop.time() + 2 * seconds)

    def _watch(self, latest: float) -> None:
        if self._exited.is_set():
            return
        # When this call itself comes late, the loop was blocked and the worker's messages are still unread.
        if self._loop.time() <= latest:
            self._check_progress()
        self._watch_later()

    def _check_progress(self) -> None:
        now = self._loop.time()
        if self._progress is None:
            stalled = now - self._load_progress[1]
            if stalled > self._config.load_timeout_seconds:
                seconds = self._config.load_timeout_seconds
                _set_exception(self._loaded, LoadTimeout(f"the model made no load progress for {seconds:.0f} seconds"))
                self.kill(exits.load_stalled(stalled))
        elif (stuck := self._progress.stuck_seconds(now)) is not None:
            self.kill(exits.hung(stuck))

    async def _reap(self) -> None:
        """The socket has closed: find out why, tell everyone, and leave no zombie."""
        assert self._runtime is not None
        ended = await self._exit_within(_REAP_SECONDS)
        if ended is None:
            self._runtime.kill()
        ending = self._verdict or ended or exits.UNRESPONSIVE
        self._finish(ending, WorkerCrashed(ending.words))
        await self._exit_within(STOP_SECONDS)

    async def _exit_within(self, seconds: float) -> Exit | None:
        assert self._runtime is not None
        deadline = self._loop.time() + seconds
        # A process tells its end only to who asks (waitpid): no event to wait for.
        while (ending := self._runtime.exit()) is None and self._loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)
        return ending

    def _finish(self, ending: Exit, error: InferenceError) -> None:
        self._exited.set()
        if self._watch_timer is not None:
            self._watch_timer.cancel()
        _set_exception(self._loaded, error)
        self._on_exit(ending)
        self._fail_all(error)

    def _fail_all(self, error: InferenceError) -> None:
        mailboxes, self._mailboxes = self._mailboxes, {}
        for mailbox in mailboxes.values():
            mailbox.fail(error)


def _set_result(future: asyncio.Future[LoadedInfo], info: LoadedInfo) -> None:
    if not future.done():
        future.set_result(info)


def _set_exception(future: asyncio.Future[LoadedInfo], error: InferenceError) -> None:
    if not future.done():
        future.set_exception(error)
        # Nobody may be waiting any more: asyncio would log the error as never retrieved.
        future.exception()
