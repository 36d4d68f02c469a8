from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from models_app.console.conversation import Conversation, View
from models_app.console.errors import ServerError
from models_app.console.slash.commands import Commands, is_command
from tests.models_app.console.fakes import FakeSession
from tests.models_app.console.servers import Answer, serving


class Talk:
    def __init__(self, commands: Commands, conversation: Conversation, texts: list[str], requests: list[Any]) -> None:
        self._commands = commands
        self._texts = texts
        self.conversation = conversation
        self.requests = requests

    def said(self, line: str) -> str:
        self._texts.clear()
        assert self._commands.execute(line)
        return "".join(self._texts)

    def leaves(self, line: str) -> bool:
        return not self._commands.execute(line)


@contextmanager
def talking(conversation: Conversation | None = None, **answers: Answer) -> Iterator[Talk]:
    conversation = conversation or Conversation(model="m")
    texts: list[str] = []
    with serving({f"/api/{name}": answer for name, answer in answers.items()}) as server:
        commands = Commands(server.client, conversation, View(), FakeSession(), write=texts.append)
        yield Talk(commands, conversation, texts, server.requests)


@pytest.mark.parametrize(
    ("line", "expected"),
    [("/bye", True), ("/set parameter x 1", True), ("hi /bye", False), ("/etc/hosts is what?", False), ("", False)],
)
def test_a_command_is_a_slash_and_a_word(line: str, expected: bool) -> None:
    assert is_command(line) is expected


def test_the_path_of_a_picture_is_no_command_where_the_model_sees() -> None:
    assert is_command("/cat.png what is it?")
    assert not is_command("/cat.png what is it?", takes_media=True)
    assert is_command("/set system ./cat.png", takes_media=True)


def test_bye_and_exit_leave() -> None:
    with talking() as talk:
        assert talk.leaves("/bye")
        assert talk.leaves("/exit")


def test_help_helps_with_each_topic() -> None:
    with talking() as talk:
        assert "/load <model>" in talk.said("/?")
        assert talk.said("/help set") == talk.said("/? /set") == talk.said("/set")
        assert "Ctrl + g" in talk.said("/? shortcuts")
        assert talk.said("/help show") == talk.said("/show")


def test_clear_forgets_what_was_said_and_keeps_the_settings() -> None:
    with talking(Conversation(model="m", system="s", turns=[{"role": "user", "content": "hi"}])) as talk:
        assert talk.said("/clear") == "Cleared session context\n"
        assert (talk.conversation.turns, talk.conversation.system) == ([], "s")


def test_list_shows_the_models_that_begin_so() -> None:
    models = [{"name": "smollm2:135m", "digest": "ab" * 32, "size": 98_000_000}, {"name": "tiny:1b"}]
    with talking(tags=Answer([{"models": models}])) as talk:
        assert [line.split()[0] for line in talk.said("/list").splitlines()] == ["NAME", "smollm2:135m", "tiny:1b"]
        assert "tiny" not in talk.said("/list SMOL")


def test_show_asks_for_the_model_of_the_chat() -> None:
    with talking(show=Answer([{"license": "MIT"}])) as talk:
        assert talk.said("/show license") == "MIT\n"
        assert talk.requests == [("POST", "/api/show", {"model": "m"})]


def test_what_steers_a_terminal_never_reaches_it() -> None:
    with talking(show=Answer([{"license": "\x1b]0;owned\x07MIT"}])) as talk:
        assert "\x1b" not in talk.said("/show license")


def test_load_changes_the_model_and_begins_anew() -> None:
    chat = Conversation(model="m", turns=[{"role": "user", "content": "hi"}])
    with talking(chat, show=Answer([{"capabilities": ["vision"]}]), generate=Answer([{"done": True}])) as talk:
        assert talk.said("/load n") == "Loading model 'n'\n"
    assert (chat.model, chat.turns, chat.takes_media) == ("n", [], True)


def test_a_model_that_there_is_not_leaves_the_chat_as_it_was() -> None:
    chat = Conversation(model="m", turns=[{"role": "user", "content": "hi"}])
    with talking(chat, show=Answer([{"error": "model 'n' not found"}], 404)) as talk:
        assert talk.said("/load n").endswith("Couldn't find model 'n'\n")
    assert (chat.model, len(chat.turns)) == ("m", 1)


def test_save_makes_a_model_of_the_chat() -> None:
    with talking(Conversation(model="m", system="s"), create=Answer([{"status": "success"}])) as talk:
        assert talk.said("/save mine") == "Created new model 'mine'\n"
        assert talk.requests[0][2] == {"model": "mine", "from": "m", "system": "s", "stream": False}


def test_a_name_that_is_none_is_told_and_other_refusals_are_raised() -> None:
    with talking(create=Answer([{"error": "invalid model name"}], 400)) as talk:
        assert talk.said("/save a:b:c") == "error: The model name 'a:b:c' is invalid\n"
    with talking(create=Answer([{"error": "boom"}], 500)) as talk, pytest.raises(ServerError, match="boom"):
        talk.said("/save mine")


@pytest.mark.parametrize("line", ["/load", "/save", "/load a b"])
def test_load_and_save_want_one_name(line: str) -> None:
    with talking() as talk:
        assert talk.said(line) == f"Usage:\n  {line.split()[0]} <modelname>\n"


def test_an_unknown_command_is_told() -> None:
    with talking() as talk:
        assert talk.said("/nonsense") == "Unknown command '/nonsense'. Type /? for help\n"
