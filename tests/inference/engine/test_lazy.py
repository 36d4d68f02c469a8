"""Constraints that begin within an answer: where they begin, what they take back, and when they end."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import pytest

from inference.constrain import Compiler, Vocabulary
from inference.engine.lazy import MAX_OPENING_BYTES, LazyMatcher
from inference.errors import InvalidConstraint
from inference.request import Constraint, LazyConstraint, Opening, ThinkingSpan
from tests.inference.engine.support import Engine

CALL = Opening(pattern="<call>", begins="<call>")
DIGITS = Constraint(kind="lark", text='start: "<call>" /[0-9]{3}/ "</call>"')
CALLS = LazyConstraint(openings=(CALL,), constraints=(DIGITS,))
BROKEN = Constraint(kind="lark", text="start: nothing")

# A vocabulary in which tokens hold parts of an opening and what comes behind it; the last two are special.
WORDS = (b"<ca", b"ll>", b"ll>7", b"ll>x", b"77", b"</call>", b" and ", b"<call>", b"\xc3", b"\xa4")
TOKENS = (*(bytes([byte]) for byte in range(256)), *WORDS, b"\xff<tool>", b"\xff</s>")
TOOL, END = len(TOKENS) - 2, len(TOKENS) - 1


class Source:
    bos_token_id = None
    eos_token_id = END
    tokens = TOKENS

    def __call__(self, text: bytes) -> list[int]:
        tokens = []
        while text:
            longest = max((each for each in TOKENS if text.startswith(each)), key=len)
            tokens.append(TOKENS.index(longest))
            text = text[len(longest) :]
        return tokens


def new_tokenizer() -> Any:
    from llguidance import LLTokenizer
    from llguidance._tokenizer import TokenizerWrapper

    return LLTokenizer(TokenizerWrapper(Source()), n_vocab=len(TOKENS))


def tokenize(text: str) -> list[int]:
    return [TOOL] if text == "<tool>" else list(text.encode())


def piece(token: int) -> bytes:
    return TOKENS[token].removeprefix(b"\xff")


@cache
def compiler() -> Compiler:
    return Compiler(Vocabulary(build=new_tokenizer, tokenize=tokenize, piece=piece), n_vocab=len(TOKENS))


def lazy(*openings: Opening, grammar: Constraint = DIGITS, once: bool = False) -> LazyMatcher:
    preserved = ("<tool>",)
    beginning = compiler().matcher(grammar, preserved=preserved)
    return LazyMatcher(openings or (CALL,), beginning, compiler().speller(preserved), once=once)


def say(matcher: LazyMatcher, *words: bytes) -> bytes:
    """What stands in the answer after these tokens."""
    said = b""
    for word in words:
        token = TOKENS.index(word) if word in TOKENS else TOKENS.index(b"\xff" + word)
        while (forced := matcher.take_forced()) is not None:
            said += piece(matcher.admit(forced, piece(forced), piece(forced)))
        allowed = matcher.allowed()
        assert allowed is None or allowed[token], (said, word)
        said += piece(matcher.admit(token, piece(token), piece(token)))
    return said


def may_say(matcher: LazyMatcher) -> set[bytes] | None:
    allowed = matcher.allowed()
    return None if allowed is None else {piece(int(token)) for token in allowed.nonzero()[0]}


def test_free_text_is_masked_by_nothing() -> None:
    matcher = lazy()
    say(matcher, b"a", b"<ca", b"a", b"77", b"<", b" and ")
    assert may_say(matcher) is None


@pytest.mark.parametrize("words", [[b"<call>"], [b"<ca", b"ll>"], [b"a", b"<", b"c", b"a", b"l", b"l", b">"]])
def test_an_opening_is_found_however_it_is_cut(words: list[bytes]) -> None:
    matcher = lazy()
    say(matcher, *words)
    assert may_say(matcher) == {*(b"%d" % digit for digit in range(10)), b"77"}


def test_what_a_token_says_behind_the_opening_counts() -> None:
    matcher = lazy()
    assert say(matcher, b"<ca", b"ll>7", b"77", b"</call>") == b"<call>777</call>"
    assert may_say(matcher) is None


def test_what_may_not_stand_behind_the_opening_is_taken_back() -> None:
    matcher = lazy()
    assert say(matcher, b" and ", b"<ca", b"ll>x", b"77", b"7") == b" and <call>777"


def test_an_opening_may_stand_for_another_text_of_the_grammar() -> None:
    opening = Opening(pattern=r'<(\w+) *n="', begins=r"<\1>")
    grammar = Constraint(kind="lark", text='start: "<" ("f" | "g") ">" /[0-9]/')
    matcher = lazy(opening, grammar=grammar)
    say(matcher, *(bytes([byte]) for byte in b'<f   n="'))
    assert may_say(matcher) == {b"%d" % digit for digit in range(10)}
    other = lazy(opening, grammar=grammar)
    say(other, *(bytes([byte]) for byte in b'<h n="'))
    assert may_say(other) is None, "the grammar knows no such beginning"


def test_a_special_token_opens_as_its_text_does() -> None:
    grammar = Constraint(kind="lark", text='start: "<tool>" /[0-9]/')
    opening = Opening(pattern="<tool>", begins="<tool>")
    for words in ([b"<tool>"], [bytes([byte]) for byte in b"<tool>"]):
        matcher = lazy(opening, grammar=grammar)
        say(matcher, *words)
        assert may_say(matcher) == {b"%d" % digit for digit in range(10)}


def test_an_opening_of_the_start_is_none_elsewhere() -> None:
    opening = Opening(pattern=r"\s*<call>", begins="<call>", at_start=True)
    for words, holds in ([b" ", b"<call>"], True), ([b"a", b"<call>"], False):
        matcher = lazy(opening)
        say(matcher, *words)
        assert matcher.is_holding is holds
    matcher = lazy(opening)
    say(matcher, *[b" "] * MAX_OPENING_BYTES * 2, b"<call>")
    assert not matcher.is_holding, "its start is out of sight"


def test_after_a_call_the_text_is_free_or_the_answer_over() -> None:
    call = [b"<call>", b"77", b"7", b"</call>"]
    matcher = lazy()
    say(matcher, *call, b" and ", *call[:2])
    assert may_say(matcher) == {b"%d" % digit for digit in range(10)}
    assert not matcher.is_complete
    once = lazy(once=True)
    say(once, *call)
    assert once.is_complete


def test_an_answer_is_free_up_to_a_call_and_behind_it() -> None:
    engine = Engine("length=60")
    sequence = engine.add("so <call>many ", lazy_constraint=CALLS)
    engine.run()
    text = engine.text(sequence)
    assert text.startswith("so <call>")
    number, _, rest = text.removeprefix("so <call>").partition("</call>")
    assert len(number) == 3
    assert number.isdigit()
    assert rest


def test_an_answer_of_one_call_ends_behind_it() -> None:
    engine = Engine("length=60")
    sequence = engine.add(
        "so <call>many ", lazy_constraint=LazyConstraint(openings=(CALL,), constraints=(DIGITS,), once=True)
    )
    engine.run()
    assert engine.text(sequence).endswith("</call>")
    assert engine.finished(sequence).reason == "stop"


def test_thoughts_may_speak_of_calls() -> None:
    engine = Engine("length=60")
    thinking = ThinkingSpan(start="<think>", end="</think>")
    sequence = engine.add("<think>a <call>x</think><call>y ", lazy_constraint=CALLS, thinking=thinking)
    engine.run()
    thoughts, _, answer = engine.text(sequence).partition("</think>")
    assert thoughts == "<think>a <call>x"
    assert answer.removeprefix("<call>")[:3].isdigit()


def test_the_first_constraint_that_can_be_compiled_is_taken() -> None:
    engine = Engine("length=60")
    constraints = (BROKEN, DIGITS)
    held = engine.add("<call>x ", lazy_constraint=LazyConstraint(openings=(CALL,), constraints=constraints))
    free = engine.add("<call>x ", lazy_constraint=LazyConstraint(openings=(CALL,), constraints=(BROKEN,)))
    engine.run()
    assert engine.text(held).removeprefix("<call>")[:3].isdigit()
    assert engine.text(free).startswith("<call>x <call>x")
    with pytest.raises(InvalidConstraint):
        engine.add("x", lazy_constraint=LazyConstraint(openings=(CALL,), constraints=(BROKEN,), needed=True))


def test_whatever_tokens_are_chosen_every_call_keeps_to_the_grammar() -> None:
    chance = random.Random(3)
    favourites = [TOKENS.index(word) for word in WORDS]
    for _ in range(30):
        matcher, said = lazy(), b""
        while len(said) < 200 or matcher.is_holding:
            forced = matcher.take_forced()
            allowed = matcher.allowed()
            choices = range(END) if allowed is None else allowed.nonzero()[0].tolist()
            wanted = [token for token in favourites if token in choices]
            token = chance.choice(wanted or choices) if forced is None else forced
            said += piece(matcher.admit(token, piece(token), piece(token)))
        for call in said.split(b"<call>")[1:]:
            number, end, _ = call.partition(b"</call>")
            assert end, said
            assert len(number) == 3, said
            assert number.isdigit(), said
