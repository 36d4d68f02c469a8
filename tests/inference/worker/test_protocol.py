from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import GenerateRequest, LoadOptions, TextPrompt
from inference.engine.fake.vocabulary import VOCABULARY
from inference.events import Failed, Finished, Started, TextDelta, Tokenized, ToolCall
from inference.worker.protocol import (
    Cancel,
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
    decode_to_worker,
    encode,
)
from tests.inference.worker.support import fake_spec

REQUEST = GenerateRequest(prompt=TextPrompt(text="hi"), stop=("x",))
TO_WORKER: list[ToWorker] = [
    Load(fake_spec(), LoadOptions(tensor_split=(0.5, 0.5)), "fake", 2.0),
    Submit(7, msgspec.Raw(msgspec.msgpack.encode(REQUEST))),
    Tokenize(8, msgspec.Raw(msgspec.msgpack.encode(REQUEST))),
    Cancel(7),
    Shutdown(),
]
FROM_WORKER: list[FromWorker] = [
    LoadProgress(0.5),
    Loaded(LoadedInfo(4096, 16384, 100, 0, VOCABULARY)),
    LoadFailed(Failed("ModelTooLarge", "too large", {"required_bytes": 1})),
    Frame(
        [
            (1, Started(1, 2, 3)),
            (1, TextDelta("é")),
            (2, ToolCall("f", "{}")),
            (2, Tokenized(2, 64, (5, -7), (b"a", b""))),
            (1, Finished("stop", 1, 0, 1, 0.0, 0.0, None, (1, 2))),
        ]
    ),
    Heartbeat(1, 2, 3, 4, 0.5),
]


def test_every_message_arrives_as_it_was_sent() -> None:
    bodies = list(FrameReader().feed(b"".join(encode(message) for message in TO_WORKER)))
    arrived = [decode_to_worker(body) for body in bodies]
    assert [type(message) for message in arrived] == [type(message) for message in TO_WORKER]
    assert arrived[0] == TO_WORKER[0]
    submit = arrived[1]
    assert isinstance(submit, Submit)
    assert msgspec.msgpack.decode(submit.request, type=GenerateRequest) == REQUEST
    bodies = list(FrameReader().feed(b"".join(encode(message) for message in FROM_WORKER)))
    assert [decode_from_worker(body) for body in bodies] == FROM_WORKER


@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(1, 7))
def test_frames_are_found_however_the_bytes_are_cut(bodies: list[bytes], step: int) -> None:
    stream = b"".join(len(body).to_bytes(4, "little") + body for body in bodies)
    reader = FrameReader()
    found = [body for start in range(0, len(stream), step) for body in reader.feed(stream[start : start + step])]
    assert found == bodies


def test_an_absurd_length_is_refused_before_its_bytes_are_kept() -> None:
    with pytest.raises(ProtocolError, match="too long"):
        list(FrameReader(max_frame_bytes=10).feed(b"\x0b\0\0\0"))


@given(st.binary(max_size=64))
def test_garbage_is_a_protocol_error_that_quotes_nothing(body: bytes) -> None:
    for decode in (decode_to_worker, decode_from_worker):
        with pytest.raises(ProtocolError, match=r"^(Decode|Validation)Error$"):
            decode(b"\xc1" + body)  # a byte that begins no msgpack value
