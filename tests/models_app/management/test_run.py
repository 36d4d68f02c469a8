from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from models_app.console.arguments import one_prompt, with_values
from models_app.console.client import Client
from models_app.console.command import UsageError
from models_app.console.remote import RemoteChat
from models_app.management.commands import run
from tests.models_app.console.fakes import FakeAnswer
from tests.models_app.console.servers import Answer, serving
from tests.models_app.management.conftest import Call

LAST = {"message": {"content": ""}, "done": True, "total_duration": 5_000_000, "eval_count": 2}


@contextmanager
def chat_server(
    monkeypatch: pytest.MonkeyPatch, lines: list[object], *, known: bool = True, capabilities: tuple[str, ...] = ()
) -> Iterator[list[Any]]:
    """A server that answers every chat with ``lines``; yields the bodies it was sent, once it is over."""
    absent = Answer([{"error": "model 'm' not found"}], 404)
    answers = {
        "/api/version": Answer([{"version": "1"}]),
        "/api/show": Answer([{"details": {}, "capabilities": capabilities}]) if known else absent,
        "/api/chat": Answer(lines),
        "/api/embed": Answer([{"embeddings": [[0.5, -0.25]]}]),
    }

    def pulled(handler: BaseHTTPRequestHandler) -> None:
        answers["/api/show"] = Answer([{"details": {}}])

    answers["/api/pull"] = Answer([{"status": "pulling manifest"}, {"status": "success"}], then=pulled)
    with serving(answers) as server:
        monkeypatch.setattr("models_app.console.server.configured_client", lambda: server.client)
        bodies: list[Any] = []
        yield bodies
        asked = ("/api/chat", "/api/embed", "/api/pull")
        bodies += [body for _, path, body in server.requests if path in asked]


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
    assert bodies[0]["messages"] == [{"role": "user", "content": "capital of France?"}]


def test_options_and_the_system_message_go_with_the_request(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_server(monkeypatch, [LAST]) as bodies:
        call(
            "run", "m", "--prompt", "hi", "--system", "Be brief.", "--temperature", "0", "--top-k", "5",
            "--num-predict", "9", "--seed", "7", "--keepalive", "10m",
        )  # fmt: skip
    (body,) = bodies
    assert body["options"] == {"temperature": 0.0, "top_k": 5, "num_predict": 9, "seed": 7}
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert body["keep_alive"] == 600


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


def test_a_model_that_is_absent_is_pulled_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.StringIO()
    with chat_server(monkeypatch, [{"message": {"content": "hi"}}, LAST], known=False) as bodies:
        call_command("run", "m", "hello", "--insecure", stdout=out)
    assert bodies[0] == {"model": "m", "insecure": True}
    assert out.getvalue() == "hi\n"
    assert "pulling manifest" in capsys.readouterr().err


def test_thinking_and_the_format_go_with_the_request(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [{"message": {"content": "", "thinking": "hm"}}, {"message": {"content": "42"}}, LAST]
    with chat_server(monkeypatch, lines) as bodies:
        assert call("run", "m", "hi", "--think=low", "--format", "json") == "Thinking...\nhm\n...done thinking.\n\n42\n"
        assert call("run", "m", "hi", "--think=false", "--hidethinking") == "42\n"
    assert [(body.get("think"), body.get("format")) for body in bodies] == [("low", "json"), (False, None)]


def test_a_model_that_can_think_does(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_server(monkeypatch, [LAST], capabilities=("completion", "thinking")) as bodies:
        call("run", "m", "hi")
    assert bodies[0]["think"] is True


def test_an_embedding_model_prints_its_embedding(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_server(monkeypatch, [], capabilities=("embedding",)) as bodies:
        assert call("run", "m", "hi", "--truncate=false", "--dimensions", "2") == "[0.5,-0.25]\n"
    assert bodies == [{"model": "m", "input": "hi", "truncate": False, "dimensions": 2}]


def test_a_picture_is_sent_to_a_model_that_sees_and_what_is_none_is_refused(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    with chat_server(monkeypatch, [LAST], capabilities=("completion", "vision")) as bodies:
        call("run", "m", f"what is {picture}")
        picture.write_text("no picture")
        with pytest.raises(CommandError, match="couldn't process file"):
            call("run", "m", f"what is {picture}")
    (body,) = bodies
    assert body["messages"] == [{"role": "user", "content": "what is", "images": ["iVBORw0KGgo="]}]


def test_flags_may_stand_anywhere_and_never_eat_the_prompt() -> None:
    parser = run.Command().create_parser("power", "run")
    options = parser.parse_args(with_values(["--verbose", "m", "--think", "why", "--seed", "1", "is", "--", "--think"]))
    assert (options.model, options.words, options.think) == ("m", ["why", "is", "--think"], True)


@pytest.fixture
def hosted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No server runs, and the one in this process is a pretended one; what became of it."""
    became: list[str] = []

    @contextmanager
    def pretended() -> Iterator[Client]:
        answers = {
            "/api/show": Answer([{"details": {}}]),
            "/api/chat": Answer([{"message": {"content": "Paris"}}, LAST]),
        }
        with serving(answers) as server:
            yield server.client
            became.extend(
                f"keep_alive {body['keep_alive']}" for _, path, body in server.requests if path == "/api/chat"
            )
        became.append("closed")

    monkeypatch.setattr("models_app.console.server.hosted_server", pretended)
    return became


@pytest.mark.usefixtures("no_server")
def test_without_a_server_this_process_answers_and_gives_the_model_back(call: Call, hosted: list[str]) -> None:
    assert call("run", "m", "hi") == "Paris\n"
    assert hosted == ["keep_alive -1.0", "closed"]


def test_ctrl_c_cancels_the_generation(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = FakeAnswer(["Par", KeyboardInterrupt()])
    monkeypatch.setattr(RemoteChat, "answer", lambda self, request: answer)
    with chat_server(monkeypatch, []), pytest.raises(KeyboardInterrupt):
        call("run", "m", "hi")
    assert answer.closed


def test_a_chat_needs_a_terminal(call: Call) -> None:
    with pytest.raises(UsageError):
        call("run", "m")


@pytest.mark.parametrize(
    "arguments", [("--think=loudly",), ("--truncate=perhaps",), ("--format", "yaml"), ("--dimensions", "many")]
)
def test_a_flag_with_an_impossible_value_is_a_wrong_usage(call: Call, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="argument"):
        call("run", "m", "hi", *arguments)


@pytest.mark.parametrize("value", ["soon", "5x"])
def test_a_keepalive_that_is_no_duration_is_a_wrong_usage(call: Call, value: str) -> None:
    with pytest.raises(CommandError, match="duration"):
        call("run", "m", "hi", "--keepalive", value)
