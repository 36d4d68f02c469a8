"""Events on the wire."""

from __future__ import annotations

import json

from api_openai.responses.encoding import encoded


def test_an_event_is_named_as_it_is_typed() -> None:
    assert encoded({"type": "response.x", "n": 1}) == b'event: response.x\ndata: {"type":"response.x","n":1}\n\n'


def test_a_delta_can_be_filled_up_to_the_length_of_others() -> None:
    for text in ("", "a", "a" * 31, "a" * 32, "a" * 33):
        data = json.loads(encoded({"type": "t", "delta": text}, obfuscate=True).split(b"data: ")[1])
        assert len(data["delta"] + data["obfuscation"]) in (32 * (len(text) > 0), 64)


def test_what_is_no_delta_is_left_alone() -> None:
    assert b"obfuscation" not in encoded({"type": "t", "text": "a"}, obfuscate=True)
