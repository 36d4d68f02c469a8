"""A sound to be written down, typed (platform.openai.com/docs/api-reference/audio/createTranscription).

Every field that the SDK knows is honoured or refused by name. ``keep_alive`` is Ollama's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from inference.engine.media.sound import sound_format
from models_app import serving
from power_site.forms import Form
from power_site.http import BadRequest, convert

# OpenAI's limit, and Ollama's (middleware/openai.go, TranscriptionMiddleware).
MAX_FILE_BYTES = 25 * 2**20
# They take a model that tells voices, pauses or times apart.
REFUSED = ("chunking_strategy", "known_speaker_names", "known_speaker_references", "timestamp_granularities")
_LISTS = ("include", "keywords", "languages")


class TranscriptionBody(Struct, frozen=True, kw_only=True):
    file: Annotated[Any, Meta(extra_json_schema={"type": "string", "format": "binary"})]
    model: str = ""
    language: str = ""
    languages: list[str] = []
    keywords: list[str] = []
    prompt: str = ""
    response_format: str = "json"
    temperature: float = 0.0
    include: list[str] = []
    stream: bool = False
    keep_alive: float | str | None = None

    def __post_init__(self) -> None:
        if not self.model:
            raise BadRequest("model is required", field="model")
        if self.response_format not in ("json", "text"):
            raise BadRequest('response_format must be "json" or "text"', field="response_format")
        if unknown := set(self.include) - {"logprobs"}:
            raise BadRequest(f'include: "{min(unknown)[:64]}" is not supported, only "logprobs"', field="include")
        _check_file(self.file)

    @property
    def wants_logprobs(self) -> bool:
        return bool(self.include)

    def keep_alive_seconds(self) -> float | None:
        return None if self.keep_alive is None else serving.keep_alive_seconds(self.keep_alive)


def transcription_body(form: Form) -> TranscriptionBody:
    """Raises BadRequest naming the field."""
    for name in REFUSED:
        if name in form.fields:
            raise BadRequest(f"{name} is not supported by this server", field=name)
    values = {name: texts if name in _LISTS else texts[-1] for name, texts in form.fields.items()}
    return convert({**values, **_file(form.files)}, TranscriptionBody, strict=False)


def _file(files: Mapping[str, bytes]) -> dict[str, bytes]:
    if "file" not in files:
        raise BadRequest("file is required", field="file")
    return {"file": files["file"]}


def _check_file(data: bytes) -> None:
    if not data:
        raise BadRequest("file is empty", field="file")
    if len(data) > MAX_FILE_BYTES:
        raise BadRequest(f"file is too large: the limit is {MAX_FILE_BYTES} bytes", field="file")
    if not sound_format(data):
        raise BadRequest("file is not a sound that can be read here: WAV, MP3 or FLAC", field="file")
