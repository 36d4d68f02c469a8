"""docs/compatibility.md against the code: nothing of Ollama's API is missing, and every test that it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import msgspec
import pytest

from api_anthropic.messages import body as messages
from api_ollama import embed_bodies, wire
from api_openai.chat import body as chat_body
from api_openai.chat.message import Message
from inference.options import OPTIONS
from power_site.openapi.document import routes

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
SECTIONS: dict[str, tuple[type[msgspec.Struct], ...]] = {
    "POST /api/generate": (wire.GenerateBody,),
    "POST /api/chat": (wire.ChatBody,),
    "POST /api/embed and /api/embeddings": (embed_bodies.EmbedBody, embed_bodies.EmbeddingsBody),
    "POST /api/show, /api/copy, DELETE /api/delete": (wire.ShowBody, wire.CopyBody, wire.DeleteBody),
    "POST /api/create": (wire.CreateBody,),
    "POST /api/pull and /api/push": (wire.PullBody, wire.PushBody),
    "Anthropic's: POST /v1/messages": (messages.MessageBody,),
}


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ")]
    return [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in lines if not line.endswith("| test |")]


@cache
def functions(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_it_names_exists() -> None:
    named = {tuple(one.split("::")) for one in re.findall(r"`([\w/]+\.py::\w+)`", PAGE)}
    assert len(named) > 100
    assert [f"{path}::{name}" for path, name in named if name not in functions(ROOT / "tests" / path)] == []


def test_every_row_names_a_test() -> None:
    assert len(rows()) > 100
    assert [row for row in rows() if "::test_" not in row[-1]] == []


def test_every_endpoint_is_in_it() -> None:
    shown = set(re.findall(r"(?:GET|HEAD|POST|DELETE) /[\w./{}-]*", section("All endpoints")))
    ours = {f"{method} {path}" for path, methods in routes() for method in methods if not path.startswith("/v1/")}
    assert ours <= shown
    assert shown - ours == {"HEAD /", "GET /docs"}  # neither is an operation of the document


@pytest.mark.parametrize("title", SECTIONS)
def test_every_field_of_a_request_is_in_it(title: str) -> None:
    fields = {name for body in SECTIONS[title] for name in body.__struct_encode_fields__}
    shown = set(re.findall(r"`(?:messages\[\]\.)?(\w+)`", section(title)))
    assert fields <= shown
    if title == "POST /api/chat":
        assert set(wire.MessageBody.__struct_encode_fields__) <= shown


def test_every_field_of_a_chat_of_openais_is_in_it() -> None:
    fields = {*chat_body.ChatBody.__struct_encode_fields__, *chat_body.REFUSED, *Message.__struct_encode_fields__}
    assert fields <= set(re.findall(r"`(\w+)`", section("OpenAI's: POST /v1/chat/completions")))


def test_every_option_is_in_it() -> None:
    assert set(OPTIONS) <= set(re.findall(r"`(\w+)`", section("Options")))
