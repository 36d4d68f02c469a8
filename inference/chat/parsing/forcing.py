"""Lark grammars for llguidance: output that can only be calls of the tools given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from inference.chat.parsing.tools import Schema, as_schema, types_of
from inference.schemas import without_notes

Function = Mapping[str, Any]
# (functions, parallel) to a Lark grammar.
Force = Callable[[Sequence[Function], bool], str]
# (function, the name of the rule for its arguments) to that rule and those it needs.
Arguments = Callable[[Function, str], Iterable[str]]
# White space that a schema leaves open lets a small model write nothing else until its tokens are used up.
ONE_WAY_TO_SPACE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


MARKUP = re.compile(r"(<[|\uff5c]?/?[\w\u2581 ]+[|\uff5c]?>|\[/?[A-Z_]+\]|<\|\"\|>)")

EMPTY = '""'
SLASH = re.compile(r"(?<!\\)/")
EMPTY_SCHEMA: Schema = {}


def literal(text: str) -> str:
    """Lark strings that make up ``text``, each marker in one of its own: where that is a special token of the model,
    it has to be matched as that token (see ``Family.preserved``).
    """
    return " ".join(json.dumps(piece, ensure_ascii=False) for piece in MARKUP.split(text) if piece)


def schema_rule(schema: Mapping[str, Any]) -> str:
    return "%json " + json.dumps({**without_notes(schema), "x-guidance": ONE_WAY_TO_SPACE}, ensure_ascii=False)


def arguments_schema(function: Function) -> dict[str, Any]:
    """The tool's schema, closed: what it does not name is left out, so that a weak model comes to an end."""
    given = as_schema(function.get("parameters"))
    schema = {key: value for key, value in given.items() if value is not None}
    schema.setdefault("type", "object")
    if "properties" in schema or not schema.keys() & {"anyOf", "oneOf", "allOf", "$ref", "patternProperties"}:
        schema.setdefault("properties", {})
        schema.setdefault("additionalProperties", False)
    return schema


def grammar(
    functions: Sequence[Function],
    call: Callable[[Function, str], str],
    *,
    start: str = "",
    separator: str = "",
    end: str = "",
    parallel: bool,
    arguments: Arguments | None = None,
) -> str:
    """``call(function, rule)`` is one call in Lark, where ``rule`` stands for its arguments; ``start``, ``separator``
    and ``end`` are texts around and between calls. ``arguments(function, rule)`` gives the rules of the arguments.
    """
    rules = [f"call_{number}" for number in range(len(functions))]
    one = "call" if not parallel else f"call ({' '.join(filter(None, (separator and literal(separator), 'call')))})*"
    lines = ["start: " + " ".join(filter(None, (start and literal(start), one, end and literal(end))))]
    lines.append("call: " + " | ".join(rules))
    for number, function in enumerate(functions):
        inner = f"arguments_{number}"
        lines.append(f"{rules[number]}: {call(function, inner)}")
        lines += (arguments or json_arguments)(function, inner)
    return "\n".join(lines) + "\n"


def json_arguments(function: Function, rule: str) -> Iterable[str]:
    return (f"{rule}: {schema_rule(arguments_schema(function))}",)


def json_call(
    opening: str, closing: str, *, before_name: str = '{"name": ', arguments_key: str = "arguments"
) -> Callable[[Function, str], str]:
    """``{"name": …, "arguments": {…}}`` between two texts."""

    def call(function: Function, rule: str) -> str:
        name = json.dumps(function["name"], ensure_ascii=False)
        head = literal(f'{opening}{before_name}{name}, "{arguments_key}": ')
        return f"{head} {rule} {literal('}' + closing)}"

    return call


def keyword_arguments(function: Function, rule: str) -> Iterable[str]:
    """``a=1, b="x"``: values as JSON."""
    schema = arguments_schema(function)
    required = schema.get("required") or ()
    members, values = [], []
    for number, (name, part) in enumerate(as_schema(schema.get("properties")).items()):
        members.append((f"{literal(name + '=')} {rule}_{number}", name in required))
        values.append(f"{rule}_{number}: {schema_rule(_with_definitions(as_schema(part), schema))}")
    body, rests = sequence(rule, members, ", ")
    return [f"{rule}: {body}", *rests, *values]


def sequence(rule: str, members: Sequence[tuple[str, bool]], comma: str) -> tuple[str, list[str]]:
    """Members in their order with commas between them, where those not marked as needed may be left out."""
    rules: list[str] = []
    first = rest = EMPTY
    for number, (body, needed) in reversed(list(enumerate(members))):
        follow = f"{rule}_r{number}"
        rules.append(f"{follow}: {rest}")
        here, behind = f"{body} {follow}", f"{literal(comma)} {body} {follow}"
        first = here if needed else f"({here} | {first})"
        rest = behind if needed else f"({behind} | {follow})"
    return first, rules


def tagged_arguments(before: Callable[[str, set[str]], str], after: str) -> Arguments:
    """Rules for arguments that stand one by one between texts: ``before(name, types)``, the value, ``after``.

    A string stands there raw, everything else as JSON.
    """

    def rules(function: Function, rule: str) -> Iterable[str]:
        schema = arguments_schema(function)
        required = schema.get("required") or ()
        parts, values = [], []
        for number, (name, part) in enumerate(as_schema(schema.get("properties")).items()):
            own = f"{rule}_{number}"
            parts.append(own if name in required else f"{own}?")
            head = literal(before(name, types_of(as_schema(part), schema)))
            values += _value_rules(own, head, as_schema(part), schema, after)
        return [f"{rule}: {' '.join(parts) or EMPTY}", *values]

    return rules


def _value_rules(own: str, head: str, part: Schema, root: Schema, after: str) -> list[str]:
    if types_of(part, root) != {"string"}:
        value = schema_rule(_with_definitions(part, root))
        return [f"{own}: {head} {own}_v {literal(after)}", f"{own}_v: {value}"]
    choices = part.get("enum") or ([part["const"]] if "const" in part else [])
    if choices:
        texts = " | ".join(literal(str(choice)) for choice in choices)
        return [f"{own}: {head} {own}_v {literal(after)}", f"{own}_v: {texts}"]
    return [f"{own}: {head} {own}_v", *text_before(f"{own}_v", after, part)]


def text_before(rule: str, after: str, schema: Schema = EMPTY_SCHEMA) -> list[str]:
    """Rules for a text up to ``after``, and ``after``, be it bytes or begun by a special token.

    No regular expression can read a special token, so one ends the second text; only the first could end at bytes.
    """
    terminal = rule.upper()
    return [
        f"{rule}: {rule}_b | {rule}_t {literal(after)}",
        f"{rule}_b[suffix={json.dumps(after, ensure_ascii=False)}]: {terminal}",
        f"{rule}_t: {terminal}",
        f"{terminal}: {' & '.join(['/(?s:.*)/', *_limits(schema)])}",
    ]


def _limits(schema: Schema) -> Iterable[str]:
    """What a schema says of a string's length and pattern, as regular expressions of the whole."""
    least, most = (schema.get(key) for key in ("minLength", "maxLength"))
    if isinstance(least, int) or isinstance(most, int):
        yield f"/(?s:.{{{least or 0},{'' if most is None else most}}})/"
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and "\n" not in pattern:
        start = "" if pattern.startswith("^") else "(?s:.*)"
        end = "" if pattern.endswith("$") and not pattern.endswith("\\$") else "(?s:.*)"
        body = SLASH.sub(r"\/", pattern.removeprefix("^")[: None if end else -1])
        yield f"/{start}(?:{body}){end}/"


def _with_definitions(part: Schema, root: Schema) -> Schema:
    return {**part, **{key: root[key] for key in ("$defs", "definitions") if key in root}}
