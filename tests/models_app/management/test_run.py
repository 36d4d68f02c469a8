from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command

from models_app.console.command import UsageError
from models_app.management.commands import run
from models_app.management.commands.run import one_prompt
from tests.models_app.console.fakes import FakeChat
from tests.models_app.console.servers import Answer, serving
from tests.models_app.management.conftest import Call

LAST = {"message": {"content": ""}, "done": True, "total_duration": 5_000_000, "eval_count": 2}


@contextmanager
def chat_server(monkeypatch: pytest.MonkeyPatch, lines: list[object], *, known: bool = True) -> Iterator[list[object]]:
    """A server that answers every chat with ``lines``; yields the bodies it was sent."""
    show = Answer([{"details": {}}]) if known else Answer([{"error": "model 'm' not found"}], 404)
    answers = {"/api/version": Answer([{"version": "1"}]), "/api/show": show, "/api/chat": Answer(lines)}
    with serving(answers) as server:
        monkeypatch.setattr("models_app.console.server.configured_client", lambda: server.client)
        bodies: list[object] = []
        yield bodies
        bodies += [body for _, path, body in server.requests if path == "/api/chat"]


@pytest.fixture(autouse=True)
def nothing_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_piped_text", lambda: "")


@pytest.mark.parametrize(
    ("words", "prompt", "piped", "expected"),
    [
        ([], None, "", None),
        (["why", "is", "it"], None, "", "why is it"),
        ([], "why is it", "", "why is it"),
        ([], None, "the text\n", "the text"),
        (["sum", "up"], None, "the text\n", "the text\nsum up"),
        ([], "", "\n", None),
    ],
)
def test_the_prompt_is_what_is_piped_in_and_then_what_is_said(
    words: list[str], prompt: str | None, piped: str, expected: str | None
) -> None:
    assert one_prompt(words, prompt, piped) == expected


def test_the_prompt_is_given_once() -> None:
    with pytest.raises(UsageError):
        one_prompt(["a"], "b", "")


def test_an_answer_of_a_running_server_is_printed_as_plain_text(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [{"message": {"content": "Par"}}, {"message": {"content": "is"}}, LAST]
    with chat_server(monkeypatch, lines) as bodies:
        assert call("run", "m", "capital", "of", "France?") == "Paris\n"
    assert bodies[0]["messages"] == [{"role": "user", "content": "capital of France?"}]  # type: ignore[index]


def test_options_and_the_system_message_go_with_the_request(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_server(monkeypatch, [LAST]) as bodies:
        call(
            "run", "m", "--prompt", "hi", "--system", "Be brief.", "--temperature", "0", "--top-k", "5",
            "--num-predict", "9", "--seed", "7", "--keepalive", "10m",
        )  # fmt: skip
    (body,) = bodies
    assert body["options"] == {"temperature": 0.0, "top_k": 5, "num_predict": 9, "seed": 7}  # type: ignore[index]
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}  # type: ignore[index]
    assert body["keep_alive"] == 600  # type: ignore[index]


def test_verbose_timings_go_to_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = io.StringIO(), io.StringIO()
    with chat_server(monkeypatch, [{"message": {"content": "hi"}}, LAST]):
        call_command("run", "m", "hello", "--verbose", stdout=out, stderr=err)
    assert out.getvalue() == "hi\n"
    assert "eval count:           2 token(s)" in err.getvalue()


def test_what_the_server_says_in_the_middle_is_an_error(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [{"message": {"content": "Par"}}, {"error": "model runner has unexpectedly stopped"}]
    with chat_server(monkeypatch, lines), pytest.raises(CommandError, match="unexpectedly stopped"):
        call("run", "m", "hi")


def test_a_model_that_is_absent_is_pulled_first(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    pulled: list[str] = []
    monkeypatch.setattr(run.Command, "_pull", lambda self, model: pulled.append(model))
    with chat_server(monkeypatch, [LAST], known=False):
        call("run", "m", "hi")
    assert pulled == ["m"]


@pytest.mark.usefixtures("no_server", "tiny")
def test_without_a_server_this_process_answers_and_gives_the_model_back(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = FakeChat(["Paris"])
    closed: list[bool] = []
    monkeypatch.setattr(chat, "close", lambda: closed.append(True))
    monkeypatch.setattr(run, "_local", lambda: chat)
    assert call("run", "tiny:1b", "hi") == "Paris\n"
    assert closed == [True]
    assert chat.answers[0].closed


@pytest.mark.usefixtures("no_server", "tiny")
def test_ctrl_c_cancels_the_generation(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = FakeChat(["Par", KeyboardInterrupt()])
    monkeypatch.setattr(run, "_local", lambda: chat)
    with pytest.raises(KeyboardInterrupt):
        call("run", "tiny:1b", "hi")
    assert chat.answers[0].closed


def test_a_chat_needs_a_terminal(call: Call) -> None:
    with pytest.raises(UsageError):
        call("run", "m")


@pytest.mark.parametrize("value", ["soon", "5x"])
def test_a_keepalive_that_is_no_duration_is_a_wrong_usage(call: Call, value: str) -> None:
    with pytest.raises(CommandError, match="duration"):
        call("run", "m", "hi", "--keepalive", value)
