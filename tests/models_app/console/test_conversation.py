from __future__ import annotations

import pytest

from models_app.console.conversation import HELP, Conversation, Reply, execute, is_command


def test_a_request_holds_everything_said_before() -> None:
    chat = Conversation(model="m", system="Be brief.", options={"seed": 7})
    chat.ask("one")
    chat.answered("1")
    request = chat.ask("two")
    assert request.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "two"},
    ]
    assert (request.model, request.options) == ("m", {"seed": 7})


def test_without_a_system_message_the_models_own_stays_in_force() -> None:
    assert Conversation(model="m").ask("hi").messages == [{"role": "user", "content": "hi"}]


def test_a_question_without_an_answer_is_taken_back() -> None:
    chat = Conversation(model="m")
    chat.ask("hi")
    chat.answered("")
    assert chat.turns == []


def test_a_request_does_not_change_when_the_chat_goes_on() -> None:
    chat = Conversation(model="m")
    request = chat.ask("hi")
    execute("/set parameter seed 1", chat)
    chat.answered("hello")
    assert (len(request.messages), request.options) == (1, {})


@pytest.mark.parametrize(
    ("line", "expected"),
    [("/bye", True), ("/set parameter x 1", True), ("hi /bye", False), ("/etc/hosts is what?", False), ("", False)],
)
def test_a_command_is_a_slash_and_a_word(line: str, expected: bool) -> None:
    assert is_command(line) is expected


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("temperature 0.2", {"temperature": 0.2}),
        ("seed 42", {"seed": 42}),
        ("penalize_newline true", {"penalize_newline": True}),
        ("stop <|end|> now", {"stop": ["<|end|> now"]}),
        ("temperature hot", {"temperature": "hot"}),
    ],
)
def test_set_parameter_reads_numbers_booleans_and_stop_strings(text: str, options: dict[str, object]) -> None:
    chat = Conversation(model="m")
    execute(f"/set parameter {text}", chat)
    assert chat.options == options


def test_set_system_takes_the_rest_of_the_line() -> None:
    chat = Conversation(model="m")
    execute("/set system You are a pirate, and brief.", chat)
    assert chat.system == "You are a pirate, and brief."


def test_clear_forgets_what_was_said_and_keeps_the_settings() -> None:
    chat = Conversation(model="m", system="s", options={"seed": 1})
    chat.ask("hi")
    execute("/clear", chat)
    assert (chat.turns, chat.system, chat.options) == ([], "s", {"seed": 1})


def test_show_tells_the_settings_and_nothing_of_what_was_said() -> None:
    chat = Conversation(model="m", options={"seed": 1})
    chat.ask("CANARY")
    shown = execute("/show", chat).text
    assert "seed 1" in shown
    assert "CANARY" not in shown


def test_bye_leaves_and_help_helps() -> None:
    chat = Conversation(model="m")
    assert execute("/bye", chat) == Reply(leave=True)
    assert execute("/?", chat) == Reply(HELP)


@pytest.mark.parametrize("line", ["/nonsense", "/set", "/set parameter", "/set parameter seed"])
def test_what_can_not_be_understood_says_so_and_changes_nothing(line: str) -> None:
    chat = Conversation(model="m")
    reply = execute(line, chat)
    assert reply.text
    assert not reply.leave
    assert chat == Conversation(model="m")
