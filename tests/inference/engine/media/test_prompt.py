from __future__ import annotations

import numpy as np
import pytest

from inference.engine.fake.backend import FakeBackend
from inference.engine.media.chunks import Media, new_chunk
from inference.engine.media.prompt import MediaPrompt, MediaPrompts
from inference.engine.prepare import Prepared, Preparer
from inference.errors import InvalidRequest, NotSupported, PromptTooLong, RequestCancelled
from inference.request import ChatPrompt, GenerateRequest, Message, Prompt, TextPrompt
from tests.inference.engine.support import fake_backend
from tests.pictures import picture

TEMPLATE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
RED, BLUE = picture(1), picture(2)
N = 5


def backend(query: str = "", *, num_ctx: int = 256) -> FakeBackend:
    return fake_backend(f"image_tokens={N}&{query}", num_ctx=num_ctx, chat_template=TEMPLATE)


def user(content: str, *images: bytes) -> Message:
    return Message(role="user", content=content, images=images)


def prepared(prompt: Prompt, *, num_ctx: int = 256, **request: object) -> Prepared:
    return Preparer(backend(num_ctx=num_ctx)).prepare(GenerateRequest(prompt=prompt, **request))  # type: ignore[arg-type]


def text_of(prompt: Prompt, **request: object) -> str:
    return prepared(prompt, **request).text


class TestWhereImagesStand:
    def test_in_front_of_their_message_in_order(self) -> None:
        turns = (user("one", RED), user("two", BLUE, RED))
        assert text_of(ChatPrompt(messages=turns)) == "<user>[img-0]one<user>[img-1][img-2]two"

    def test_or_where_the_message_has_a_place_for_them(self) -> None:
        assert text_of(ChatPrompt(messages=(user("see [img] there", RED, BLUE),))) == "<user>[img-1]see [img-0] there"

    def test_a_raw_prompt_names_them_by_number(self) -> None:
        prompt = TextPrompt(text="a [img-1] b", images=(RED, BLUE))
        assert text_of(prompt) == "[img-0]a [img-1] b"

    def test_text_that_looks_like_a_mark_stays_text(self) -> None:
        made_up = "[img-0] [img-0123456789abcdef-0]"
        assert text_of(ChatPrompt(messages=(user(made_up, RED),))) == f"<user>[img-0]{made_up}"
        assert len(prepared(ChatPrompt(messages=(user(made_up, RED),))).media) == 1


class TestTheirTokens:
    def test_each_image_takes_as_many_as_the_model_makes_of_it(self) -> None:
        bare, one = prepared(ChatPrompt(messages=(user("x"),))), prepared(ChatPrompt(messages=(user("x", RED),)))
        assert len(one.tokens) - len(bare.tokens) == N + 1  # the fake has a mark before each
        assert sum(token < 0 for token in one.tokens) == N

    def test_the_same_image_has_the_same_ones_and_another_has_others(self) -> None:
        first, second, other = (prepared(ChatPrompt(messages=(user("x", image),))) for image in (RED, RED, BLUE))
        assert first.tokens == second.tokens != other.tokens

    def test_they_come_encoded(self) -> None:
        chunks = prepared(ChatPrompt(messages=(user("x", RED),))).media
        assert [chunk.embeddings.shape for chunk in chunks.values() if chunk.embeddings is not None] == [(N, 1)]

    def test_a_text_has_none(self) -> None:
        assert prepared(ChatPrompt(messages=(user("x"),))).media == {}


class TestWork:
    def test_an_image_is_read_and_encoded_once_for_many_turns(self) -> None:
        model = backend()
        preparer = Preparer(model)
        for _ in range(3):
            preparer.prepare(GenerateRequest(prompt=ChatPrompt(messages=(user("x", RED, RED),))))
        assert model.projector is not None
        assert (model.projector.n_read, model.projector.n_encoded) == (1, 1)

    def test_what_truncation_drops_is_not_encoded(self) -> None:
        model = backend(num_ctx=60)
        turns = (user("a" * 20, RED), user("b" * 20, BLUE))
        made = Preparer(model).prepare(GenerateRequest(prompt=ChatPrompt(messages=turns)))
        assert (made.n_dropped_messages, len(made.media)) == (1, 1)
        assert model.projector is not None
        assert (model.projector.n_read, model.projector.n_encoded) == (2, 1)

    def test_a_prompt_that_is_only_shown_is_not_encoded(self) -> None:
        model = backend()
        request = GenerateRequest(prompt=ChatPrompt(messages=(user("x", RED),)), render_only=True)
        assert Preparer(model).prepare(request).text == "<user>[img-0]x"
        assert model.projector is not None
        assert model.projector.n_encoded == 0

    def test_nothing_is_encoded_for_one_who_left(self) -> None:
        model = backend()
        with pytest.raises(RequestCancelled):
            Preparer(model).prepare(
                GenerateRequest(prompt=ChatPrompt(messages=(user("x", RED),))), is_wanted=lambda: False
            )
        assert model.projector is not None
        assert model.projector.n_encoded == 0


class TestTruncation:
    def test_tokens_are_cut_around_an_image_and_not_through_it(self) -> None:
        made = prepared(TextPrompt(text="0123[img-0]" + "x" * 40, images=(RED,)), num_ctx=32, num_keep=6)
        assert len(made.tokens) <= 31
        assert sum(token < 0 for token in made.tokens) in (0, N)

    @pytest.mark.parametrize("start", range(12))
    def test_a_cut_takes_all_the_chunks_of_an_image_and_its_marks_or_none(self, start: int) -> None:
        tiles = [new_chunk(bytes([name]), np.arange(2, dtype=np.int32)[np.newaxis], 2) for name in range(2)]
        media = Media(([7, 7], tiles[0], [8], tiles[1], [9]))
        tokens = [1, *media.tokens, 2, *media.tokens, 3]
        opened = MediaPrompt(TextPrompt(text="x", images=(RED,)), [media], lambda each: None)
        begin, n = opened.whole(tokens, start, 3)
        left = tokens[:begin] + tokens[begin + n :]
        assert begin <= start
        assert [token for token in left if token not in (1, 2, 3)] in ([], media.tokens, 2 * media.tokens)

    def test_without_it_a_prompt_that_is_too_long_is_refused_with_its_exact_length(self) -> None:
        with pytest.raises(PromptTooLong) as refused:
            prepared(TextPrompt(text="x" * 30, images=(RED,)), num_ctx=32, truncate=False)
        assert refused.value.n_prompt == 1 + 1 + N + 30


class TestRefusals:
    def test_a_model_of_text_says_what_it_lacks(self) -> None:
        with pytest.raises(NotSupported, match="missing data required for image input"):
            MediaPrompts(None).open(ChatPrompt(messages=(user("x", RED),)), "")

    def test_a_damaged_image_is_the_requests_fault(self) -> None:
        with pytest.raises(InvalidRequest, match="damaged"):
            prepared(ChatPrompt(messages=(user("x", RED[:-300]),)))

    def test_a_suffix_and_images_do_not_go_together(self) -> None:
        with pytest.raises(InvalidRequest, match="suffix"):
            prepared(ChatPrompt(messages=(user("x", RED),), suffix="y"))
