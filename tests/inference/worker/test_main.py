"""The worker's side of the socket, spoken to without a host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import msgspec
import pytest

from inference import LoadOptions
from inference.engine.fake.backend import FakeBackend
from inference.events import Failed
from inference.worker import main
from inference.worker.main import Worker
from inference.worker.protocol import (
    Cancel,
    Frame,
    FrameReader,
    FromWorker,
    Heartbeat,
    Load,
    Loaded,
    LoadFailed,
    LoadProgress,
    Shutdown,
    Submit,
    ToWorker,
    decode_from_worker,
    encode,
)
from tests.inference.worker.support import REQUEST, fake_spec


class Server:
    """Writes messages and reads the worker's, blocking."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._reader = FrameReader()
        self._read: list[FromWorker] = []

    def send(self, *messages: ToWorker) -> None:
        self._sock.sendall(b"".join(encode(message) for message in messages))

    def receive(self) -> FromWorker:
        while not self._read:
            data = self._sock.recv(1 << 16)
            assert data, "the worker has left"
            self._read = [decode_from_worker(body) for body in self._reader.feed(data)]
        return self._read.pop(0)

    def receive_until(self, kind: type) -> list[FromWorker]:
        messages = [self.receive()]
        while not isinstance(messages[-1], kind):
            messages.append(self.receive())
        return messages


@pytest.fixture
def server() -> Iterator[Server]:
    ours, theirs = socket.socketpair()
    ours.settimeout(20)
    worker = Worker(theirs)

    def run() -> None:
        worker.run()
        worker.close()

    thread = threading.Thread(target=run)
    thread.start()
    with ours:
        yield Server(ours)
    thread.join(20)
    assert not thread.is_alive()


def load(path: str = "fake:length=3", *, heartbeat_seconds: float = 60.0) -> Load:
    return Load(fake_spec(path), LoadOptions(num_ctx=1000), "fake", heartbeat_seconds)


def test_it_tells_of_the_load_and_then_what_it_loaded(server: Server) -> None:
    server.send(load())
    *progress, loaded = server.receive_until(Loaded)
    fractions = [message.fraction for message in progress if isinstance(message, LoadProgress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert isinstance(loaded, Loaded)
    assert (loaded.info.n_ctx, loaded.info.n_cells) == (1000, 4000)


def test_it_sends_one_frame_a_step(server: Server) -> None:
    server.send(load())
    server.receive_until(Loaded)
    server.send(Submit(5, msgspec.Raw(msgspec.msgpack.encode(REQUEST))))
    frames: list[Frame] = []
    while not frames or type(frames[-1].events[-1][1]).__name__ != "Finished":
        message = server.receive()
        assert isinstance(message, Frame)
        frames.append(message)
    assert {request_id for frame in frames for request_id, _ in frame.events} == {5}
    assert len(frames) <= 5


def test_its_heart_beats(server: Server) -> None:
    server.send(load(heartbeat_seconds=0.05))
    first, second = (server.receive_until(Heartbeat)[-1] for _ in range(2))
    assert isinstance(first, Heartbeat)
    assert isinstance(second, Heartbeat)
    assert second.cpu_seconds >= first.cpu_seconds > 0


def test_cancelling_what_it_does_not_know_is_harmless(server: Server) -> None:
    server.send(Cancel(1), load(), Cancel(2))
    assert server.receive_until(Loaded)
    server.send(Cancel(3), Shutdown())


def test_memory_that_runs_out_says_how_much_it_takes(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = failure_of(server, monkeypatch, MemoryError())
    assert failed.error == "ModelTooLarge"
    assert failed.exception().required_bytes > 0  # type: ignore[attr-defined]


def test_an_error_nobody_foresaw_is_named_and_not_quoted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = failure_of(server, monkeypatch, OSError("/secret/path/model.gguf"))
    assert (failed.error, failed.message) == ("ModelLoadError", "the model can't be loaded (OSError)")


def failure_of(server: Server, monkeypatch: pytest.MonkeyPatch, error: Exception) -> Failed:
    def open_engine(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(main, "open_engine", open_engine)
    server.send(load())
    message = server.receive_until(LoadFailed)[-1]
    assert isinstance(message, LoadFailed)
    return message.failure


def test_it_ends_when_its_decode_thread_fails(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*args: object) -> None:
        raise RuntimeError("CANARY")

    monkeypatch.setattr(FakeBackend, "decode", decode)
    server.send(load(heartbeat_seconds=0.05))
    server.receive_until(Loaded)
    server.send(Submit(1, msgspec.Raw(msgspec.msgpack.encode(REQUEST))))
    frame = server.receive_until(Frame)[-1]
    while not (isinstance(frame, Frame) and isinstance(frame.events[-1][1], Failed)):
        frame = server.receive()
    assert "CANARY" not in frame.events[-1][1].message
    with pytest.raises(AssertionError, match="the worker has left"):
        server.receive_until(Loaded)
