from __future__ import annotations

from models_app.console.exports import base_url, export_lines, variables


def test_each_client_gets_its_own_variables() -> None:
    values = variables("http://127.0.0.1:11435", speaks_anthropic=True)
    assert values["OLLAMA_HOST"] == values["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:11435"
    assert values["OPENAI_BASE_URL"] == "http://127.0.0.1:11435/v1"
    assert values["OPENAI_API_KEY"]


def test_a_wire_that_is_not_spoken_is_not_promised() -> None:
    spoken = {name for name in variables("http://x", speaks_anthropic=True) if name.startswith("ANTHROPIC")}
    assert spoken == {"ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"}, "with a key of either kind its SDK warns"
    assert not any(name.startswith("ANTHROPIC") for name in variables("http://x", speaks_anthropic=False))


def test_every_shell_gets_its_own_syntax() -> None:
    values = {"A": "b"}
    assert export_lines(values, "sh") == ["export A='b'"]
    assert export_lines(values, "fish") == ["set -gx A 'b'"]
    assert export_lines(values, "powershell") == ["$Env:A = 'b'"]


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert base_url("::1", 1) == "http://[::1]:1"
    assert base_url("127.0.0.1", 1) == "http://127.0.0.1:1"
