from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from inference.engine.backend import Backend
from inference.engine.fake.backend import BOS, byte_tokens
from inference.engine.prepare import Preparer
from inference.engine.tokenizing import Tokenizing
from inference.errors import InferenceError, InvalidOption, NotSupported, RequestCancelled, ShuttingDown
from inference.events import Event, Failed, Finished, Started, Tokenized
from inference.request import ChatPrompt, GenerateRequest, Message, TextPrompt, TokenizeRequest, TokenPrompt
from tests.inference.engine.support import fake_backend

TEMPLATE = (
    "{% if tools is defined %}{{ tools | tojson }}{% endif %}"
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}>"
)
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


class Asked:
    """One request and its events. ``chats``: the model generates too."""

    def __init__(self, backend: Backend, request: TokenizeRequest, *, chats: bool = True) -> None:
        self.events: list[Event] = []
        with ThreadPoolExecutor(1) as threads:
            tokenizing = (
                Tokenizing(backend, publish=self._publish, preparer=Preparer(backend), threads_for=lambda _: threads)
                if chats
                else Tokenizing(backend, publish=self._publish)
            )
            tokenizing.submit(1, request)
            threads.shutdown(wait=True)
            if not chats:
                assert tokenizing._own is not None
                tokenizing._own.shutdown(wait=True)

    def _publish(self, events: list[tuple[int, Event]]) -> None:
        self.events += [event for _, event in events]

    @property
    def tokenized(self) -> Tokenized:
        started, tokenized, finished = self.events
        assert isinstance(started, Started)
        assert isinstance(tokenized, Tokenized)
        assert isinstance(finished, Finished)
        assert started.n_prompt == finished.n_prompt == tokenized.n_tokens
        return tokenized

    @property
    def error(self) -> InferenceError:
        (failed,) = self.events
        assert isinstance(failed, Failed)
        return failed.exception()


def tokenize(request: TokenizeRequest, *, chats: bool = True, query: str = "") -> Tokenized:
    return Asked(fake_backend(query, chat_template=TEMPLATE), request, chats=chats).tokenized


def test_a_chat_counts_as_it_is_decoded_with_its_tools() -> None:
    backend = fake_backend(num_ctx=512, chat_template=TEMPLATE)
    prompt = ChatPrompt(messages=(Message(role="user", content="hi"),), tools=(TOOL,))
    prepared = Preparer(backend).prepare(GenerateRequest(prompt=prompt))
    found = Asked(backend, TokenizeRequest(prompt=prompt)).tokenized
    assert found.tokens == tuple(prepared.tokens)
    assert Asked(backend, TokenizeRequest(prompt=prompt, wants="count")).tokenized == Tokenized(
        len(prepared.tokens), 512
    )


def test_images_count_with_their_tokens_and_none_is_encoded() -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    prompt = ChatPrompt(messages=(Message(role="user", content="", images=(file.getvalue(),)),))
    with_image = tokenize(TokenizeRequest(prompt=prompt, wants="pieces"), query="image_tokens=9&image_delay=600")
    without = tokenize(TokenizeRequest(prompt=ChatPrompt(messages=(Message(role="user"),))))
    assert sum(token < 0 for token in with_image.tokens) == 9
    assert with_image.n_tokens > without.n_tokens + 9 - 1
    assert all(piece == b"" for token, piece in zip(with_image.tokens, with_image.pieces, strict=True) if token < 0)


def test_a_prompt_longer_than_the_context_has_its_count() -> None:
    text = "x" * 5000
    assert tokenize(TokenizeRequest(prompt=TextPrompt(text=text), wants="count")).n_tokens == 5001
    chat = ChatPrompt(messages=(Message(role="user", content=text), Message(role="user", content=text)))
    assert tokenize(TokenizeRequest(prompt=chat, wants="count")).n_tokens > 10_000


@pytest.mark.parametrize(
    ("add_special", "text", "tokens"),
    [
        (None, "a", [BOS, *byte_tokens("a")]),
        (True, "a", [BOS, *byte_tokens("a")]),
        (False, "a", byte_tokens("a")),
        (True, "<|fake|>", [BOS, 2]),
        (False, "", []),
    ],
)
def test_a_text_gets_first_tokens_where_it_is_asked_to(add_special: bool | None, text: str, tokens: list[int]) -> None:
    request = TokenizeRequest(prompt=TextPrompt(text=text), add_special=add_special)
    assert tokenize(request).tokens == tuple(tokens)


def test_text_that_looks_like_a_control_token_may_stay_text() -> None:
    request = TokenizeRequest(prompt=TextPrompt(text="<|fake|>"), add_special=False, parse_special=False)
    assert tokenize(request).tokens == tuple(byte_tokens("<|fake|>"))


def test_tokens_become_what_they_are_written_as() -> None:
    request = TokenizeRequest(prompt=TokenPrompt(tokens=(BOS, *byte_tokens("ä"), 2)), wants="pieces")
    assert tokenize(request).pieces == (b"<s>", b"\xc3", b"\xa4", b"<|fake|>")


def test_a_number_that_is_no_token_is_refused() -> None:
    for token in (-1, 259):
        error = Asked(fake_backend(), TokenizeRequest(prompt=TokenPrompt(tokens=(5, token)))).error
        assert isinstance(error, InvalidOption)
        assert str(token) in str(error)


def test_a_model_that_only_embeds_has_tokens_and_no_chats() -> None:
    assert tokenize(TokenizeRequest(prompt=TextPrompt(text="a")), chats=False).tokens == (BOS, *byte_tokens("a"))
    chat = TokenizeRequest(prompt=ChatPrompt(messages=(Message(role="user", content="a"),)))
    assert isinstance(Asked(fake_backend(), chat, chats=False).error, NotSupported)


def test_what_is_cancelled_or_comes_too_late_ends_with_a_word() -> None:
    events: list[tuple[int, Event]] = []
    gate = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        tokenizing = Tokenizing(fake_backend(), publish=events.extend, threads_for=lambda _: threads)
        threads.submit(gate.wait)
        tokenizing.submit(1, TokenizeRequest(prompt=TextPrompt(text="a")))
        tokenizing.cancel(1)
        gate.set()
    tokenizing.close()
    tokenizing.submit(2, TokenizeRequest(prompt=TextPrompt(text="a")))
    errors = {number: event.exception() for number, event in events if isinstance(event, Failed)}
    assert isinstance(errors[1], RequestCancelled)
    assert isinstance(errors[2], ShuttingDown)


@pytest.mark.real_model
def test_the_real_models_tokens_and_vocabulary(smollm2: Backend) -> None:
    text = "Hello, wörld! 你好"
    found = Asked(smollm2, TokenizeRequest(prompt=TextPrompt(text=text), wants="pieces")).tokenized
    assert b"".join(found.pieces).decode() == text
    assert list(found.tokens) == smollm2.tokenize(text, add_special=True, parse_special=True)
    vocabulary = smollm2.info.vocabulary
    assert vocabulary is not None
    assert vocabulary.n_tokens == 49152
    assert vocabulary.special["eos"].text == "<|im_end|>"
