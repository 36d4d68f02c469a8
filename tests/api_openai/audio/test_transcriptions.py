"""/v1/audio/transcriptions over the fake engine, in the test's own process: the form, both answers, the stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from api_openai.audio import body as audio_body
from api_openai.audio.body import TranscriptionBody, transcription_body
from api_openai.audio.instruction import transcription_turns
from api_openai.audio.schema import TranscriptDelta, TranscriptDone, Transcription
from power_site import conf, runtime
from power_site.forms import Form
from power_site.http import BadRequest
from tests.gguf_files import write_tiny_gguf
from tests.pictures import wav

SOUND = wav()
FILE = {"file": ("speech.wav", SOUND, "audio/wav")}


@pytest.fixture
async def hearing(
    api: httpx2.AsyncClient, pull: Callable[[Path, str], Awaitable[Any]], home: Path
) -> AsyncIterator[httpx2.AsyncClient]:
    """With ``ear``, which hears, and ``deaf``."""
    fake = "text=+it+is+so.+&length=14&image_tokens=4"
    conf.configure({"min_free_bytes": 0, "backend": "fake", "engine_host": "inline", "fake_backend": fake})
    await pull(write_tiny_gguf(home / "ear.gguf", extra={"llama.audio.block_count": 1}), "ear")
    await pull(write_tiny_gguf(home / "deaf.gguf", seed=1), "deaf")
    await runtime.start(conf.config())
    yield api
    await runtime.stop(drain_seconds=0)
    runtime.forget()


async def ask(client: httpx2.AsyncClient, **fields: Any) -> httpx2.Response:
    return await client.post("/v1/audio/transcriptions", data={"model": "ear"} | fields, files=FILE)


async def test_what_is_said_comes_as_json_or_text_or_piece_by_piece(hearing: httpx2.AsyncClient) -> None:
    answer = await ask(hearing, language="en", nonsense="1")
    assert answer.status_code == 200, answer.text
    whole = msgspec.json.decode(answer.content, type=Transcription)
    assert whole.text == "it is so.  it"
    assert whole.usage.output_tokens == 14
    assert answer.headers["X-Power-Ignored-Options"] == "nonsense"
    plain = await ask(hearing, response_format="text", temperature="0.5")
    assert (plain.text, plain.headers["Content-Type"]) == (whole.text, "text/plain; charset=utf-8")
    streamed = await ask(hearing, stream="true", **{"include[]": "logprobs"})
    assert streamed.headers["Content-Type"] == "text/event-stream"
    *lines, last = [line.removeprefix("data: ") for line in streamed.text.split("\n\n") if line]
    done = msgspec.json.decode(last, type=TranscriptDone)
    assert "".join(msgspec.json.decode(line, type=TranscriptDelta).delta for line in lines) == done.text == whole.text
    assert isinstance(done.logprobs, list)
    assert len(done.logprobs) == 14


async def test_a_refusal_is_openais(hearing: httpx2.AsyncClient) -> None:
    deaf = await ask(hearing, model="deaf")
    assert (deaf.status_code, "does not support audio" in deaf.text) == (400, True)
    nobody = await ask(hearing, model="nobody")
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (404, "model_not_found")
    cut = await hearing.post("/v1/audio/transcriptions", data={"model": "ear"}, files={"file": ("x", SOUND[:-9])})
    assert (cut.status_code, "damaged" in cut.text) == (400, True)
    for content, kind in ((b"{}", "application/json"), (b"--x\r\nnonsense", "multipart/form-data")):
        other = await hearing.post("/v1/audio/transcriptions", content=content, headers={"Content-Type": kind})
        assert (other.status_code, "form" in json.loads(other.content)["error"]["message"]) == (400, True)


def read(file: bytes | None = SOUND, **fields: str | list[str]) -> TranscriptionBody:
    values = {name: [value] if isinstance(value, str) else value for name, value in ({"model": "m"} | fields).items()}
    return transcription_body(Form(values, {} if file is None else {"file": file}))


def test_a_form_is_typed() -> None:
    body = read(stream="true", temperature="0.5", include=["logprobs"], keywords=["a", "b"], keep_alive="5m")
    assert (body.stream, body.temperature, body.wants_logprobs) == (True, 0.5, True)
    assert (body.keywords, body.keep_alive_seconds()) == (["a", "b"], 300.0)


def test_the_model_is_told_what_the_request_knows() -> None:
    body = read(language="en", languages=["de"], keywords=["Power", "GGUF"], prompt="A talk.")
    system, user = transcription_turns(body)
    assert system.content.splitlines()[1:] == [
        "The language is en, de",
        "Words that may occur: Power, GGUF",
        "What it is about, or what was said before: A talk.",
    ]
    assert user.images == (SOUND,)


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"model": ""}, "model"), ({"file": None}, "file"), ({"file": b""}, "file"), ({"file": b"\x89PNG"}, "file"),
     ({"file": b"OggS"}, "file"), ({"response_format": "srt"}, "response_format"), ({"include": "x"}, "include"),
     ({"temperature": "warm"}, "temperature"), ({"stream": "perhaps"}, "stream"),
     ({"keep_alive": "later"}, "keep_alive"),
     *(({name: "x"}, name) for name in audio_body.REFUSED)],
)  # fmt: skip
def test_what_is_refused_names_its_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read(**fields).keep_alive_seconds()
    assert caught.value.field == param


def test_a_file_has_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_body, "MAX_FILE_BYTES", len(SOUND) - 1)
    with pytest.raises(BadRequest, match="too large"):
        read()
