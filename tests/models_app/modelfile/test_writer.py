"""Writing Modelfiles: what is written reads back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_app.modelfile import Command, Modelfile, modelfile_parse, modelfile_write, quote
from models_app.modelfile.commands import KEYWORDS, ROLES


def sayable(text: str) -> bool:
    """The grammar has no escape for three quotes at the end of a line that is not the last."""
    lines = text.replace("\r", "\n").split("\n")
    return not any(line.rstrip().endswith('"""') for line in lines[:-1])


values = st.text(st.characters(exclude_characters="\0"), max_size=60) | st.text(' \t\r\n"a#', max_size=20)
keywords = st.sampled_from(KEYWORDS)


@st.composite
def commands(draw: st.DrawFn) -> Command:
    keyword = draw(keywords)
    key = ""
    if keyword == "message":
        key = draw(st.sampled_from(ROLES))
    elif keyword == "parameter":
        key = draw(st.from_regex(r"[A-Za-z0-9_]+", fullmatch=True))
    return Command(keyword, draw(values.filter(sayable)), key)


@settings(max_examples=50, deadline=None)
@given(st.lists(commands(), max_size=6))
def test_what_is_written_reads_back(some: list[Command]) -> None:
    modelfile = Modelfile((Command("from", "base"), *some))
    assert modelfile_parse(modelfile_write(modelfile)) == modelfile


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", "plain"),
        ("", '""'),
        (" led", '" led"'),
        ("a\nb", '"""a\nb"""'),
        ('"', '"""""""'),
        ("a\rb", '"""a\rb"""'),
    ],
)  # fmt: skip
def test_only_what_needs_quotes_gets_them(text: str, quoted: str) -> None:
    assert quote(text) == quoted
