"""A prompt's images from the request to its tokens: marks in the text, which the tokens of the media then replace.

Ollama writes ``[img-N]`` into the messages before they are rendered (server/prompt.go). So do we, with a word in it
that nobody outside can know: text that looks like a mark stays text.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import msgspec
import numpy as np

from inference.engine.backend import BackendInfo
from inference.engine.int_buffer import IntBuffer, Ints
from inference.engine.media.chunks import Media, MediaCache, MediaChunk, Projector, chunks_in, media_key
from inference.errors import InvalidRequest, NotSupported, RequestCancelled
from inference.request import ChatPrompt, Message, Prompt, TextPrompt, images_of

PLACE = "[img]"


class Tokenizer(Protocol):
    """What rendering a prompt needs of a backend."""

    @property
    def info(self) -> BackendInfo: ...

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]: ...

    def special_piece(self, token: int) -> bytes: ...


class MediaPrompts:
    """Of one loaded model. On the media thread, except for prompts without images."""

    def __init__(self, projector: Projector | None) -> None:
        self._projector = projector
        self._cache = MediaCache()

    def open(self, prompt: Prompt, scope: str) -> MediaPrompt | None:
        """None without images. Raises NotSupported, InvalidRequest."""
        images = images_of(prompt)
        if not images:
            return None
        if isinstance(prompt, ChatPrompt) and prompt.suffix:
            raise InvalidRequest("a suffix and images can't be combined")
        if self._projector is None:
            # Ollama's words for it (llm, ErrNoVisionModel of its own runner).
            raise NotSupported("this model is missing data required for image input")
        keys = [media_key(image) for image in images]
        media = {key: self._read(scope, key, image) for key, image in dict(zip(keys, images, strict=True)).items()}
        return MediaPrompt(prompt, [media[key] for key in keys], self._encode(scope, media))

    def _read(self, scope: str, key: bytes, data: bytes) -> Media:
        assert self._projector is not None, "open has asked"
        return self._cache.get(scope, key) or self._projector.read(data, key)

    def _encode(self, scope: str, media: dict[bytes, Media]) -> Callable[[Media], None]:
        keys = {id(each): key for key, each in media.items()}

        def encode(each: Media) -> None:
            assert self._projector is not None, "open has asked"
            for chunk in each.chunks:
                if chunk.embeddings is None:
                    self._projector.encode(chunk)
            self._cache.add(scope, keys[id(each)], each)

        return encode


class MediaPrompt:
    """One prompt with its media, ``prompt`` having marks in their places."""

    def __init__(self, prompt: Prompt, media: Sequence[Media], encode: Callable[[Media], None]) -> None:
        self._media = media
        self._encode = encode
        stem = f"[img-{secrets.token_hex(8)}-"
        self._marks = [f"{stem}{index}]" for index in range(len(media))]
        self._pattern = re.compile(f"{re.escape(stem)}([0-9]+)]")
        self.prompt = self._marked(prompt)

    def tokenizer(self, inner: Tokenizer) -> Tokenizer:
        """Of rendered texts: the media's own tokens stand for their marks."""
        return _MarkedText(inner, self._pattern, [media.tokens for media in self._media])

    def plain(self, text: str) -> str:
        """The text as Ollama shows it: ``[img-0]``."""
        return self._pattern.sub(r"[img-\1]", text)

    def whole(self, tokens: Sequence[int], start: int, n: int) -> tuple[int, int]:
        """(start, n) of the least run that holds tokens [start, start + n) and no part of an image, which may be
        several chunks with marks around them."""
        begin, end = start, start + n
        for first, last in self._places(IntBuffer(tokens).view()):
            if first < end and begin < last:
                begin, end = min(begin, first), max(end, last)
        return begin, end - begin

    def _places(self, tokens: Ints) -> Iterator[tuple[int, int]]:
        """(start, end) of each image in a prompt's tokens."""
        for media in self._media:
            run = IntBuffer(media.tokens).view()
            offset = int((run < 0).argmax())
            for index in np.flatnonzero(tokens == run[offset]).tolist():
                yield index - offset, index - offset + len(run)

    def encode(self, tokens: Sequence[int], is_wanted: Callable[[], bool]) -> dict[int, MediaChunk]:
        """Embeddings for what the tokens hold, by the first number of each. Raises RequestCancelled between two images
        that nobody waits for any more, DecodeFailed."""
        array = IntBuffer(tokens).view()
        for media in self._media:
            if chunks_in(array, [media]):
                if not is_wanted():
                    raise RequestCancelled
                self._encode(media)
        return chunks_in(array, self._media)

    def _marked(self, prompt: Prompt) -> Prompt:
        if isinstance(prompt, TextPrompt):
            return msgspec.structs.replace(prompt, text=_numbered(prompt.text, self._marks))
        assert isinstance(prompt, ChatPrompt), "tokens have no images"
        marks = iter(self._marks)
        messages = tuple(_with_marks(message, [next(marks) for _ in message.images]) for message in prompt.messages)
        return msgspec.structs.replace(prompt, messages=messages)


class _MarkedText:
    """See ``Tokenizer``. The parts between two marks are texts of their own, as they are to mtmd."""

    def __init__(self, inner: Tokenizer, pattern: re.Pattern[str], media: Sequence[list[int]]) -> None:
        self._inner = inner
        self._pattern = pattern
        self._media = media

    @property
    def info(self) -> BackendInfo:
        return self._inner.info

    def tokenize(self, text: str, *, add_special: bool, parse_special: bool) -> list[int]:
        first, *rest = self._pattern.split(text)
        tokens = self._inner.tokenize(first, add_special=add_special, parse_special=parse_special)
        for number, part in zip(rest[::2], rest[1::2], strict=True):
            tokens += self._media[int(number)]
            tokens += self._inner.tokenize(part, add_special=False, parse_special=parse_special) if part else []
        return tokens

    def special_piece(self, token: int) -> bytes:
        return self._inner.special_piece(token)


def _with_marks(message: Message, marks: Iterable[str]) -> Message:
    """In the places that the text names, the rest in front of it."""
    content, prefix = message.content, ""
    for mark in marks:
        if PLACE in content:
            content = content.replace(PLACE, mark, 1)
        else:
            prefix += mark
    return msgspec.structs.replace(message, content=prefix + content)


def _numbered(text: str, marks: Sequence[str]) -> str:
    """A raw prompt names its images' places by number; those it does not name stand before it."""
    prefix = ""
    for index, mark in enumerate(marks):
        place = f"[img-{index}]"
        if place in text:
            text = text.replace(place, mark, 1)
        else:
            prefix += mark
    return prefix + text
