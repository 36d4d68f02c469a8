from __future__ import annotations

import pytest

from models_app.console.answer import ChatRequest, Piece
from models_app.console.errors import ServerError
from models_app.console.remote import RemoteChat
from tests.models_app.console.servers import Answer, serving

REQUEST = ChatRequest(model="m", messages=[{"role": "user", "content": "hi"}], options={"seed": 1})
LAST = {
    "message": {"content": ""},
    "done": True,
    "total_duration": 2_000_000_000,
    "prompt_eval_count": 12,
    "eval_count": 3,
    "eval_duration": 500_000_000,
}


def test_an_answer_is_its_pieces_and_then_its_timings() -> None:
    lines = [{"message": {"content": "Hel"}}, {"message": {"content": "lo"}}, LAST]
    with serving({"/api/chat": Answer(lines)}) as server:
        answer = RemoteChat(server.client).answer(REQUEST)
        assert list(answer) == [Piece("Hel"), Piece("lo")]
        answer.close()
    assert answer.timings is not None
    assert (answer.timings.total_seconds, answer.timings.n_prompt, answer.timings.n_generated) == (2.0, 12, 3)
    assert answer.timings.prompt_seconds == 0.0


def test_thinking_is_told_from_the_answer() -> None:
    with serving({"/api/chat": Answer([{"message": {"thinking": "hm", "content": ""}}, LAST])}) as server:
        answer = RemoteChat(server.client).answer(REQUEST)
        assert list(answer) == [Piece("hm", thinking=True)]
        answer.close()


def test_the_request_is_that_of_api_chat() -> None:
    with serving({"/api/chat": Answer([LAST])}) as server:
        RemoteChat(server.client).answer(REQUEST).close()
        assert server.requests == [
            ("POST", "/api/chat", {"model": "m", "messages": REQUEST.messages, "options": {"seed": 1}})
        ]


def test_what_was_not_asked_for_is_left_to_the_server() -> None:
    asked = {"keep_alive": -1, "format": "json", "think": False}
    with serving({"/api/chat": Answer([LAST])}) as server:
        RemoteChat(server.client).answer(ChatRequest(model="m", messages=REQUEST.messages, **asked)).close()  # type: ignore[arg-type]
        body = server.requests[0][2]
    assert {name: body[name] for name in asked} == asked


def test_a_refused_request_raises_before_there_is_an_answer() -> None:
    with serving({"/api/chat": Answer([{"error": "server busy"}], 503)}) as server, pytest.raises(ServerError):
        RemoteChat(server.client).answer(REQUEST)
