from __future__ import annotations

import pytest

from models_app.console.conversation import Conversation, View
from models_app.console.slash.help import PARAMETERS, SET
from models_app.console.slash.setting import set_value
from tests.models_app.console.fakes import FakeSession


def said(line: str, chat: Conversation, view: View | None = None, session: FakeSession | None = None) -> str:
    return set_value(line, chat, view or View(), session or FakeSession())


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("temperature 0.2", {"temperature": 0.2}),
        ("seed 42", {"seed": 42}),
        ("stop <|end|> now", {"stop": ["<|end|>", "now"]}),
        ('stop "two words"', {"stop": ["two words"]}),
        ('stop "', {"stop": ['"']}),
    ],
)
def test_a_parameter_is_a_number_or_stop_strings(text: str, options: dict[str, object]) -> None:
    chat = Conversation(model="m")
    assert said(f"/set parameter {text}", chat).startswith(f"Set parameter '{next(iter(options))}' to '")
    assert chat.options == options


@pytest.mark.parametrize("text", ["temperature hot", "seed 1.5", "nonsense 1"])
def test_a_parameter_that_no_model_takes_is_refused(text: str) -> None:
    chat = Conversation(model="m")
    assert said(f"/set parameter {text}", chat).startswith("Couldn't set parameter: ")
    assert chat.options == {}


@pytest.mark.parametrize("line", ["/set parameter", "/set parameter seed"])
def test_a_parameter_without_a_value_lists_them(line: str) -> None:
    assert said(line, Conversation(model="m")) == PARAMETERS


@pytest.mark.parametrize("line", ["/set", "/set system"])
def test_without_a_value_the_settings_are_listed(line: str) -> None:
    assert said(line, Conversation(model="m")) == SET


def test_the_system_message_is_the_rest_of_the_line() -> None:
    chat = Conversation(model="m")
    assert said("/set system You are a  pirate, and brief.", chat) == "Set system message.\n"
    assert chat.system == "You are a  pirate, and brief."


def test_a_system_message_of_several_lines_stands_in_triple_quotes() -> None:
    chat = Conversation(model="m")
    said('/set system """You are\na pirate."""', chat)
    assert chat.system == "You are\na pirate."


def test_the_format_is_json_or_a_schema_and_can_be_taken_back() -> None:
    chat = Conversation(model="m")
    assert said("/set format json", chat) == "Set format to 'json' mode.\n"
    assert chat.format == "json"
    said('/set format {"type": "object"}', chat)
    assert chat.format == {"type": "object"}
    assert said("/set noformat", chat) == "Disabled format.\n"
    assert chat.format is None
    assert said("/set format", chat).startswith("Invalid or missing format.")


def test_thinking_is_on_off_or_a_level() -> None:
    chat = Conversation(model="m", capabilities=("thinking",))
    assert said("/set think", chat) == "Set 'think' mode.\n"
    assert (chat.think, chat.think_chosen) == (True, True)
    assert said("/set think high", chat) == "Set 'think' mode to 'high'.\n"
    assert said("/set nothink", chat) == "Set 'nothink' mode.\n"
    assert chat.think is False


def test_thinking_is_warned_of_where_the_model_can_not() -> None:
    assert said("/set think", Conversation(model="m")).startswith('warning: model "m" does not support thinking')


def test_how_answers_look_is_switched() -> None:
    view = View()
    for line in ("/set verbose", "/set nowordwrap"):
        said(line, Conversation(model="m"), view)
    assert (view.verbose, view.wordwrap) == (True, False)
    for line in ("/set quiet", "/set wordwrap"):
        said(line, Conversation(model="m"), view)
    assert (view.verbose, view.wordwrap) == (False, True)


def test_the_history_is_switched() -> None:
    session = FakeSession()
    said("/set nohistory", Conversation(model="m"), session=session)
    assert session.keeps is False
    said("/set history", Conversation(model="m"), session=session)
    assert session.keeps is True


def test_what_can_not_be_understood_says_so_and_changes_nothing() -> None:
    chat = Conversation(model="m")
    assert said("/set nonsense", chat) == "Unknown command '/set nonsense'. Type /? for help\n"
    assert chat == Conversation(model="m")
