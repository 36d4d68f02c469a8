"""The chat's server, and rows of responses that nobody generated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api_openai.responses import pruning
from api_openai.responses.body import ResponseBody
from api_openai.responses.envelope import Envelope, new_envelope
from api_openai.responses.identifiers import new_id
from api_openai.responses.items import parsed_items
from api_openai.responses.store import response_create
from inference.options import ParsedOptions
from tests.api_openai.chat.conftest import Serve, serve

__all__ = ["Serve", "serve"]

Stored = Callable[..., Envelope]


@pytest.fixture(autouse=True)
def nothing_pruned_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "_due_at", 0.0)


@pytest.fixture
def stored(home: object, db: None) -> Stored:
    """``stored("question", "answer", previous=…)`` writes a response, and returns it."""

    def store(question: str = "q", answer: str = "a", *, previous: str | None = None, **fields: Any) -> Envelope:
        body = ResponseBody(model="m", input=question, previous_response_id=previous)
        response = new_envelope(body, ParsedOptions(), response_id=new_id("response"))
        said = {"id": new_id("message"), "type": "message", "role": "assistant", "status": "completed"}
        part = {"type": "output_text", "text": answer, "annotations": [], "logprobs": []}
        response |= {"status": "completed", "output": [{**said, "content": [part]}], **fields}
        response_create(response=response, input_items=parsed_items(question))
        return response

    return store
