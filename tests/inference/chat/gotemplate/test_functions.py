from __future__ import annotations

import pytest

from inference.chat.gotemplate.errors import GoTemplateError
from inference.chat.gotemplate.functions import BUILTINS, SHORT_CIRCUIT
from tests.inference.chat.gotemplate.rendering import render

GO_BUILTINS = "and call eq ge gt html index js le len lt ne not or print printf println slice urlquery"


def test_all_of_gos_functions_are_here() -> None:
    assert sorted(BUILTINS.keys() | SHORT_CIRCUIT) == GO_BUILTINS.split()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("not .empty", "true"),
        ("not .list", "false"),
        ('print 1 2 "a"', "1 2a"),
        ("print .missing", "<nil>"),
        ('println "a" 1', "a 1\n"),
        ('printf "%s-%d" .name 3', "Ada-3"),
        ('''html "<a href='x'>&\\""''', "&lt;a href=&#39;x&#39;&gt;&amp;&#34;"),
        ("html .missing", "&lt;no value&gt;"),
        ('js "<a=\'\\\\\\n"', "\\u003Ca\\u003D\\'\\\\\\u000A"),
        ('urlquery "a b&é/~"', "a+b%26%C3%A9%2F~"),
    ],
)
def test_a_function_gives_what_gos_gives(call: str, text: str) -> None:
    assert render("{{ " + call + " }}") == text


@pytest.mark.parametrize(
    ("call", "reason"),
    [("not", "wrong number"), ("printf 3", "expected string; got int"), ("call .name", "non-function of type string")],
)
def test_wrong_arguments_are_an_error(call: str, reason: str) -> None:
    with pytest.raises(GoTemplateError, match=f"error calling {call.split()[0]}.*{reason}"):
        render("{{ " + call + " }}")
