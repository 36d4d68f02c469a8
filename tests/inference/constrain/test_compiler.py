"""What constraints allow, and what is refused. On a vocabulary of bytes."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from inference.constrain import Compiler, Vocabulary, trial
from inference.constrain import compiler as compiler_module
from inference.engine.fake.vocabulary import N_VOCAB, new_tokenizer, special_tokens
from inference.errors import InvalidConstraint
from inference.request import Constraint, ThinkingSpan
from tests.inference.constrain.support import compiler, follows, is_whole, lark, next_texts, piece, schema

JSON = Constraint(kind="json")
PERSON = schema(
    {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
)
TAGS = ThinkingSpan(start="<think>", end="</think>")
TOKENS = ThinkingSpan(start="<|fake|>", end="<|fake|>")


@pytest.mark.parametrize("text", ["{}", '{"a": [1, 2.5e3, null, true], "b": {"c": "\\u0007 é 😀"}}', '{\n  "a": 1\n}'])
def test_json_is_any_object(text: str) -> None:
    assert is_whole(JSON, text)


@pytest.mark.parametrize("text", ["[1]", "1", '"a"', "null", '{"a" 1}', "{'a': 1}", '{"a": 1} x', "{}}", " {}"])
def test_json_is_nothing_but_an_object(text: str) -> None:
    assert not is_whole(JSON, text)


def test_an_object_that_is_closed_is_complete() -> None:
    matcher = compiler().matcher(PERSON)
    assert follows(matcher, '{"name": "Bob", "age": 4')
    assert not matcher.is_complete
    assert follows(matcher, "}")
    assert matcher.is_complete


def test_white_space_between_json_tokens_has_a_bound() -> None:
    matcher = compiler().matcher(PERSON)
    assert follows(matcher, "{\n    ")
    assert not follows(matcher, "\n")
    assert not is_whole(PERSON, '{   "name": "Bob", "age": 4}')


@pytest.mark.parametrize("text", ['{"name": "Bob"}', '{"age": 4, "name": "Bob"}', '{"name": "Bob", "age": 4.5}', "{}"])
def test_a_schema_holds(text: str) -> None:
    assert is_whole(PERSON, '{"name": "Bob", "age": 4}')
    assert not is_whole(PERSON, text)


def test_what_a_schema_only_notes_does_not_matter() -> None:
    noted = schema({"type": "array", "items": {"type": "string", "format": "path"}, "uniqueItems": False})
    assert is_whole(noted, '["a/b","a/b"]')


def test_a_schema_says_nothing_of_its_own_compilation() -> None:
    loose = schema({"type": "array", "items": {"type": "integer"}, "x-guidance": {"item_separator": ";"}})
    assert is_whole(loose, "[1,2]")
    assert not is_whole(loose, "[1;2]")
    with pytest.raises(InvalidConstraint, match="Unimplemented"):
        compiler().matcher(schema({"not": {}, "x-guidance": {"lenient": True}}))


@pytest.mark.parametrize(
    ("constraint", "whole", "broken"),
    [
        (Constraint(kind="regex", text=r"\d{3}-\w/"), "123-a/", "12-a/"),
        (Constraint(kind="regex", text=r"\d"), "7", "٣"),
        (Constraint(kind="gbnf", text='root ::= "yes" | "no" ws\nws ::= [ ]?'), "no ", "maybe"),
        (lark('start: "a" b+\nb: /[0-9]/ ";"'), "a1;2;", "a12;"),
    ],
)
def test_grammars_of_every_kind_hold(constraint: Constraint, whole: str, broken: str) -> None:
    assert is_whole(constraint, whole)
    assert not is_whole(constraint, broken)


@pytest.mark.parametrize(
    ("constraint", "reason"),
    [
        (schema({"not": {}}), 'invalid format: Unimplemented keys: ."not".'),
        (schema({"type": "strin"}), "invalid format: Invalid type: strin"),
        (schema({"$ref": "#"}), "invalid format: "),
        (schema({"$ref": "http://127.0.0.1:9/x"}), "invalid format: Resource"),
        (schema({"type": "string", "minLength": 2, "maxLength": 1}), "Unsatisfiable"),
        (schema({"enum": ["x" * 300_000]}), "longer than 256 kB"),
        (schema({"type": "object", "properties": {f"k{n}": {} for n in range(1000)}}), "invalid format: "),
        (Constraint(kind="regex", text="(?<=x)a"), "invalid grammar: .*look-behind"),
        (Constraint(kind="regex", text="a["), "invalid grammar: "),
        (Constraint(kind="gbnf", text="root ::= ("), "invalid grammar: "),
        (Constraint(kind="gbnf", text="root ::= " + "(" * 9000 + '"a"' + ")" * 9000), "nested too deeply"),
        (lark("start: a b"), "invalid grammar: .*unknown name"),
    ],
)
def test_what_can_not_be_held_to_is_refused_with_the_reason(constraint: Constraint, reason: str) -> None:
    with pytest.raises(InvalidConstraint, match=reason) as caught:
        compiler().matcher(constraint)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 350


def test_thinking_in_tags_comes_first() -> None:
    matcher = compiler().matcher(PERSON, thinking=TAGS)
    assert next_texts(matcher) == {"<"}
    assert follows(matcher, '<think>{"a": no</thin')
    assert follows(matcher, 'k>\n\n{"name"')


def test_thinking_between_special_tokens_comes_first() -> None:
    matcher = compiler().matcher(PERSON, thinking=TOKENS)
    assert next_texts(matcher) == {"<|fake|>"}
    assert follows(matcher, '<|fake|>some thoughts<|fake|>{"name"')


def test_a_prompt_that_has_opened_thinking_leaves_only_its_end() -> None:
    matcher = compiler().matcher(PERSON, thinking=TAGS, is_open=True)
    assert follows(matcher, 'thoughts</think>{"name": "Bob", "age": 1}')
    assert matcher.is_complete


def test_an_answer_does_not_end_while_it_thinks() -> None:
    matcher = compiler().matcher(JSON, thinking=TAGS, is_open=True)
    assert follows(matcher, "hm")
    assert "</s>" not in next_texts(matcher)


def test_a_budget_makes_no_grammar_of_its_own(counted: CountedCompiler) -> None:
    for budget in (3, 4):
        counted.matcher(JSON, thinking=ThinkingSpan(start="<think>", end="</think>", budget=budget))
    assert counted.n_compiled == 1


def test_preserved_texts_are_matched_as_special_tokens() -> None:
    grammar = lark('start: "<|fake|>" /[a-z]+/')
    assert next_texts(compiler().matcher(grammar, preserved=("<|fake|>",))) == {"<|fake|>"}
    assert next_texts(compiler().matcher(grammar)) == {"<"}


class CountedCompiler(Compiler):
    """Counts what it compiles, and its tokenizers."""

    def __init__(self) -> None:
        self.n_compiled = 0
        self.n_built = 0
        super().__init__(Vocabulary(build=self._build, tokenize=special_tokens, piece=piece), n_vocab=N_VOCAB)

    def _build(self) -> Any:
        self.n_built += 1
        return new_tokenizer()

    def _compile(self, ask: Any) -> Any:
        self.n_compiled += 1
        return super()._compile(ask)


@pytest.fixture
def counted() -> CountedCompiler:
    return CountedCompiler()


def test_nothing_is_built_before_the_first_constraint(counted: CountedCompiler) -> None:
    assert counted.n_built == 0
    counted.matcher(JSON)
    counted.matcher(PERSON)
    assert counted.n_built == 1


def test_a_constraint_is_compiled_once_and_each_answer_has_its_own_place_in_it(counted: CountedCompiler) -> None:
    first, second = counted.matcher(PERSON), counted.matcher(PERSON)
    assert counted.n_compiled == 1
    assert follows(first, '{"name"')
    assert next_texts(second) == {"{"}


def test_a_refusal_is_remembered(counted: CountedCompiler) -> None:
    for _ in range(2):
        with pytest.raises(InvalidConstraint, match="Unimplemented"):
            counted.matcher(schema({"not": {}}))
    assert counted.n_compiled == 1


def test_a_refusal_for_lack_of_time_is_not_remembered(
    counted: CountedCompiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as busy:
        busy.setattr(trial, "TRIAL_WALL_SECONDS", 0.0)
        with pytest.raises(InvalidConstraint, match="too long"):
            counted.matcher(schema({"type": "string", "pattern": "a+"}))
    counted.matcher(schema({"type": "string", "pattern": "a+"}))
    assert counted.n_compiled == 2


def test_a_lexer_that_is_full_spoils_no_later_answer(counted: CountedCompiler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler_module, "parser_limits", lambda: {"max_lexer_states": 60, "verbose_errors": False})
    grammar = Constraint(kind="regex", text="(.*a.{9}|.*b.{9})*")
    first = counted.matcher(grammar)
    with pytest.raises(InvalidConstraint, match="too many states"):
        follows(first, "abbabaaabbabab" * 20)
    assert follows(counted.matcher(grammar), "abba")
    assert counted.n_compiled == 2


def test_the_longest_unused_are_forgotten(counted: CountedCompiler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler_module, "CACHE_SIZE", 2)
    for constraint in (JSON, PERSON, JSON, schema({"type": "integer"}), JSON, PERSON):
        counted.matcher(constraint)
    assert counted.n_compiled == 4


def test_threads_that_ask_for_the_same_share_one_compilation(counted: CountedCompiler) -> None:
    barrier = threading.Barrier(4)

    def ask() -> None:
        barrier.wait()
        counted.matcher(PERSON)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted.n_compiled == 1
