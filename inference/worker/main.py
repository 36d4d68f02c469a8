"""The worker: ``python -m inference.worker.main FD``, where FD is its end of a socketpair with the server.

Threads: this module's reader (the main thread of a worker process), one that loads the model and ends, a heartbeat, and
the runner's own. Everything goes out through one lock around one ``sendall``, so frames never mix.
"""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import sys
import threading
import time
from collections.abc import Callable

import msgspec

from inference.engine.backend import BackendInfo
from inference.engine.engine import Engine, open_engine
from inference.errors import InferenceError, InvalidRequest, ModelLoadError, ModelTooLarge
from inference.events import Event, Failed
from inference.pool import memory
from inference.request import EmbedRequest, GenerateRequest, TokenizeRequest
from inference.worker.limits import apply_limits
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
    Shutdown,
    Submit,
    Tokenize,
    ToWorker,
    decode_to_worker,
    encode,
)

_RECEIVE_BYTES = 1 << 16
SWITCH_SECONDS = 0.0005


class Worker:
    """One model, from Load to Shutdown or the end of the socket. ``run`` is the reader; ``close`` frees the model.

    ``on_loaded`` is called on the load's thread.
    """

    def __init__(self, sock: socket.socket, *, on_loaded: Callable[[], None] = lambda: None) -> None:
        self.failed = False
        self._on_loaded = on_loaded
        self._sock = sock
        self._sending = threading.Lock()
        self._ended = threading.Event()
        self._engine: Engine | None = None
        self._generate_decoder = msgspec.msgpack.Decoder(GenerateRequest)
        self._embed_decoder = msgspec.msgpack.Decoder(EmbedRequest)
        self._tokenize_decoder = msgspec.msgpack.Decoder(TokenizeRequest)
        self._load_thread: threading.Thread | None = None

    def run(self) -> None:
        """Reads until Shutdown or the end of the socket."""
        reader = FrameReader()
        while data := self._receive():
            for body in reader.feed(data):
                message = decode_to_worker(body)
                if isinstance(message, Shutdown):
                    return
                self._handle(message)

    def close(self) -> None:
        """Waits for the threads; a load that is under way is waited for too, llama.cpp can't be interrupted there."""
        self._ended.set()
        if self._load_thread is not None:
            self._load_thread.join()
        if self._engine is not None:
            self._engine.close()
        self._sock.close()

    def _receive(self) -> bytes:
        try:
            return self._sock.recv(_RECEIVE_BYTES)
        except ConnectionError:
            return b""

    def _handle(self, message: ToWorker) -> None:
        if isinstance(message, Submit | Embed | Tokenize):
            self._submit(message)
        elif isinstance(message, Cancel):
            if self._engine is not None:
                self._engine.cancel(message.request_id)
        elif isinstance(message, Load):
            # Off the reader's thread, so that a server that goes away is noticed during a long load.
            self._load_thread = threading.Thread(target=self._load, args=(message,), name="load", daemon=True)
            self._load_thread.start()
            threading.Thread(
                target=self._beat, args=(message.heartbeat_seconds,), name="heartbeat", daemon=True
            ).start()

    def _submit(self, message: Submit | Embed | Tokenize) -> None:
        assert self._engine is not None, "the server submits after Loaded"
        if not self._engine.is_alive:
            self._give_up()
            return
        try:
            self._hand_over(self._engine, message)
        except (msgspec.MsgspecError, RecursionError):
            failure = Failed.of(InvalidRequest("the request can't be passed to the model's worker"))
            self._publish([(message.request_id, failure)])

    def _hand_over(self, engine: Engine, message: Submit | Embed | Tokenize) -> None:
        if isinstance(message, Submit):
            engine.submit(message.request_id, self._generate_decoder.decode(message.request))
        elif isinstance(message, Embed):
            engine.embed(message.request_id, self._embed_decoder.decode(message.request))
        else:
            engine.tokenize(message.request_id, self._tokenize_decoder.decode(message.request))

    def _load(self, load: Load) -> None:
        try:
            engine = self._engine = open_engine(
                load.spec, load.options, kind=load.backend, on_progress=self._progressed, publish=self._publish
            )
        except InferenceError as error:
            self._send(LoadFailed(Failed.of(error)))
        except MemoryError:
            self._send(LoadFailed(Failed.of(out_of_memory(load))))
        except Exception as error:  # noqa: BLE001 - whatever it is, the server gets an answer; its text may hold paths
            self._send(LoadFailed(Failed.of(ModelLoadError(f"the model can't be loaded ({type(error).__name__})"))))
        else:
            self._send(Loaded(loaded_info(load, engine.info)))

    def _progressed(self, fraction: float) -> None:
        self._send(LoadProgress(fraction))

    def _publish(self, events: list[tuple[int, Event]]) -> None:
        self._send(Frame(events))

    def _beat(self, every_seconds: float) -> None:
        while not self._ended.wait(every_seconds):
            if self._engine is not None:
                if not self._engine.is_alive:
                    self._give_up()
                    return
                stats = self._engine.stats()
                self._send(
                    Heartbeat(stats.n_steps, stats.n_running, stats.n_waiting, stats.n_cells_used, time.process_time())
                )

    def _give_up(self) -> None:
        """The decode thread has failed and nothing can be done here: the server starts a fresh worker for the rest."""
        self.failed = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _send(self, message: FromWorker) -> None:
        frame = encode(message)
        # Nobody listens any more: the reader sees the same and ends the worker.
        with self._sending, contextlib.suppress(OSError):
            self._sock.sendall(frame)


def settle() -> None:
    """For a process that is a worker and nothing else. What is loaded stays: collecting garbage among it would only
    stall the decode thread, which also gets the interpreter back soon when a decode ends, whatever the prep threads do.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_SECONDS)


def loaded_info(load: Load, info: BackendInfo) -> LoadedInfo:
    """``size_bytes`` is the estimate that the pool made for the same options, and never less than what GPUs gave."""
    size_vram = info.size_vram_bytes
    return LoadedInfo(
        n_ctx=info.n_ctx,
        n_cells=info.n_cells,
        size_bytes=max(size_vram, memory.required_bytes(load.spec, load.options)),
        size_vram_bytes=size_vram,
        vocabulary=info.vocabulary,
    )


def out_of_memory(load: Load) -> ModelTooLarge:
    required = memory.required_bytes(load.spec, load.options)
    return ModelTooLarge(required_bytes=required, available_bytes=int(min(required, memory.memory_available())))


def main(argv: list[str]) -> None:
    apply_limits()
    worker = Worker(socket.socket(fileno=int(argv[1])), on_loaded=settle)
    worker.run()
    # Nothing is left to save, and freeing gigabytes page by page only keeps the next model waiting.
    os._exit(os.EX_SOFTWARE if worker.failed else os.EX_OK)


if __name__ == "__main__":
    main(sys.argv)
