"""The grammar of Modelfiles; the cases are those of Ollama's parser (parser/parser_test.go), and some it gets wrong."""

from __future__ import annotations

import time

import pytest

from models_app.errors import InvalidModelfile
from models_app.modelfile import Command, modelfile_parse


def parsed(text: str) -> list[tuple[str, ...]]:
    found = modelfile_parse(text).commands
    return [(c.keyword, c.key, c.value) if c.key else (c.keyword, c.value) for c in found]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ('FROM "FOO  BAR  "', [("from", "FOO  BAR  ")]),
        ("FROM     FOOO BAR    ", [("from", "FOOO BAR")]),
        ("from foo", [("from", "foo")]),
        ("FROM llama3:7b-instruct-q4_K_M", [("from", "llama3:7b-instruct-q4_K_M")]),
        ("PARAMETER p v\nFROM foo", [("parameter", "p", "v"), ("from", "foo")]),
        ("FROM foo\r\nPARAMETER p v\r\n", [("from", "foo"), ("parameter", "p", "v")]),
        ("# comment\nFROM foo\n\t# another\n\n", [("from", "foo")]),
        ("FROM foo # no comment", [("from", "foo # no comment")]),
        ("FROM foo\nMESSAGE user Hi: there", [("from", "foo"), ("message", "user", "Hi: there")]),
        ("FROM foo\nPARAMETER   top_k\t 1", [("from", "foo"), ("parameter", "top_k", "1")]),
        ("FROM foo\nDRAFT d\nRENDERER r\nPARSER p\nREQUIRES 0.14.0\nADAPTER a", [
            ("from", "foo"), ("draft", "d"), ("renderer", "r"), ("parser", "p"), ("requires", "0.14.0"),
            ("adapter", "a"),
        ]),
    ],
)  # fmt: skip
def test_commands_are_read(text: str, commands: list[tuple[str, ...]]) -> None:
    assert parsed(text) == commands


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"""\nThis is a\nmultiline system.\n"""\n\t\t', "\nThis is a\nmultiline system.\n"),
        ('"""This is a\nmultiline system."""', "This is a\nmultiline system."),
        ('"""a "quoted" word"""', 'a "quoted" word'),
        ('""""""', ""),
        ('""', ""),
        ('"\'"', "'"),
        ('"""\'\'"\'""\'""\'"\'\'\'\'\'""\'""\'"""', "''\"'\"\"'\"\"'\"'''''\"\"'\"\"'"),
        ('"two\nlines"', "two\nlines"),
        ("  padded  ", "padded"),
        ('"  kept  "  ', "  kept  "),
        ("你好👋🏽‍💻", "你好👋🏽‍💻"),
    ],
)
def test_values_may_be_quoted(value: str, text: str) -> None:
    assert parsed(f"FROM foo\nSYSTEM {value}\nLICENSE MIT") == [("from", "foo"), ("system", text), ("license", "MIT")]


@pytest.mark.parametrize("text", ["", "PARAMETER p v", "# FROM foo"])
def test_a_modelfile_has_a_from(text: str) -> None:
    with pytest.raises(InvalidModelfile, match=r"^no FROM line$"):
        modelfile_parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "FROM", "FROM foo\nPARAMETER param1\n", "FROM foo\nMESSAGE system", "FROM foo\nMESSAGE system\n",
        'FROM foo\nSYSTEM """never closed ""\n', 'FROM foo\nSYSTEM "\n',
    ],
)  # fmt: skip
def test_what_is_cut_off_is_told(text: str) -> None:
    with pytest.raises(InvalidModelfile, match=r"^unexpected EOF"):
        modelfile_parse(text)


@pytest.mark.parametrize("line", ["BADCOMMAND p v", "FR0M x", "FROM\nfoo", "===", "RUN rm"])
def test_an_unknown_command_is_told_with_its_line(line: str) -> None:
    with pytest.raises(InvalidModelfile) as caught:
        modelfile_parse(f"\r\nFROM foo\r\n{line}\r\n")
    assert str(caught.value) == (
        '(line 3): command must be one of "from", "license", "template", "system", "adapter", "draft", "renderer", '
        '"parser", "parameter", "message", or "requires"'
    )


def test_an_unknown_role_is_told_with_its_line() -> None:
    with pytest.raises(InvalidModelfile) as caught:
        modelfile_parse("FROM foo\n\nMESSAGE badguy I'm a bad guy!\n")
    assert str(caught.value) == '(line 3): message role must be one of "system", "user", or "assistant"'


def test_long_texts_are_read_at_once() -> None:
    text = "a line\n" * 50_000
    begun = time.perf_counter()
    assert modelfile_parse(f'FROM foo\nLICENSE """{text}"""').commands[1] == Command("license", text)
    assert time.perf_counter() - begun < 5
