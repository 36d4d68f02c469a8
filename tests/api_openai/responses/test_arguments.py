"""Arguments of calls, as text."""

from __future__ import annotations

import orjson

from api_openai.responses.arguments import read_arguments


def test_an_object_is_read_and_nothing_is_an_empty_one() -> None:
    assert read_arguments('{"x": "Größe"}') == {"x": "Größe"}
    assert read_arguments("") == {}


def test_what_is_no_object_is_none() -> None:
    for text in ("[]", "5", "{", '"x"', "null", "{'x': 1}"):
        assert read_arguments(text) is None


def test_half_a_character_can_be_sent_on() -> None:
    arguments = read_arguments('{"x": "a\\ud83d", "y": "\\ud83e\\udd99"}')
    assert arguments == {"x": "a?", "y": "🦙"}
    assert orjson.dumps(arguments)
