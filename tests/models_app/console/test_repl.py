from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from models_app.console.answer import Piece
from models_app.console.client import Client
from models_app.console.conversation import Conversation, View
from models_app.console.errors import ServerError
from models_app.console.repl import HINT, Repl
from tests.models_app.console.fakes import FakeChat, FakeSession


class Talk:
    """A whole chat: what was typed against what was written."""

    def __init__(self, chat: FakeChat, *lines: str | BaseException, verbose: bool = False, **settings: Any) -> None:
        self.conversation = Conversation(model="m", **settings)
        texts: list[str] = []
        errors: list[str] = []
        session = FakeSession(*lines)
        repl = Repl(
            Client("127.0.0.1", 9),
            chat,
            self.conversation,
            session,
            view=View(verbose=verbose),
            write=texts.append,
            write_error=errors.append,
            columns=lambda: 80,
        )
        repl.recall()
        repl.run()
        self.text, self.errors = "".join(texts), "".join(errors)


def test_an_answer_is_streamed_and_remembered() -> None:
    chat = FakeChat(["Hel", "lo"], ["again"])
    talk = Talk(chat, "hi", "and?")
    assert "Hello" in talk.text
    assert [turn["content"] for turn in chat.requests[1].messages] == ["hi", "Hello", "and?"]


def test_ctrl_c_stops_the_answer_and_the_chat_goes_on() -> None:
    chat = FakeChat(["one ", KeyboardInterrupt(), "two"], ["fine"])
    talk = Talk(chat, "count", "go on")
    assert chat.answers[0].closed
    assert "two" not in talk.text
    assert [turn["content"] for turn in chat.requests[1].messages] == ["count", "one ", "go on"]


def test_ctrl_c_before_the_first_token_takes_the_question_back() -> None:
    talk = Talk(FakeChat(KeyboardInterrupt()), "count")
    assert talk.conversation.turns == []


def test_ctrl_c_at_the_prompt_says_how_to_leave() -> None:
    assert Talk(FakeChat(), KeyboardInterrupt()).text == HINT + "\n"


def test_a_failure_is_told_and_the_chat_goes_on() -> None:
    broken = [ServerError("the connection to the server broke")]
    chat = FakeChat(
        ServerError("server busy", 503), ConnectionRefusedError(111, "Connection refused"), broken, ["fine"]
    )
    talk = Talk(chat, "a", "b", "c", "d")
    assert "server busy" in talk.errors
    assert "the server can't be reached: Connection refused" in talk.errors
    assert "the connection to the server broke" in talk.errors
    assert "fine" in talk.text
    assert chat.answers[0].closed


def test_commands_and_empty_lines_ask_the_model_nothing() -> None:
    chat = FakeChat()
    Talk(chat, "/set parameter seed 1", "", "   ", "/?")
    assert chat.requests == []


def test_bye_leaves_before_anything_else_is_read() -> None:
    chat = FakeChat()
    Talk(chat, "/bye", "hi")
    assert chat.requests == []


def test_parameters_that_were_set_go_with_the_next_question() -> None:
    chat = FakeChat(["ok"])
    Talk(chat, "/set parameter temperature 0", "hi")
    assert chat.requests[0].options == {"temperature": 0}


def test_a_block_in_triple_quotes_is_asked_without_them() -> None:
    chat = FakeChat(["ok"])
    Talk(chat, '"""\nfirst\nsecond\n"""')
    assert chat.requests[0].messages[0]["content"] == "first\nsecond"


def test_verbose_tells_the_timings_apart_from_the_answer() -> None:
    talk = Talk(FakeChat(["ok"]), "hi", verbose=True)
    assert "total duration:" in talk.errors
    assert "total duration:" not in talk.text


def test_thinking_is_remembered_apart_from_the_answer() -> None:
    talk = Talk(FakeChat([Piece("hm", thinking=True), "42"]), "6 times 7?")
    assert talk.conversation.turns[-1] == {"role": "assistant", "content": "42", "thinking": "hm"}


def test_a_models_own_messages_are_recalled_at_the_start() -> None:
    loaded = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a"},
    ]
    assert Talk(FakeChat(), loaded=loaded).text == ">>> q\na\n\n\n"


def test_a_picture_goes_with_the_question_where_the_model_sees(tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    chat = FakeChat(["a cat"])
    talk = Talk(chat, f"what is {picture}", capabilities=("vision",))
    assert chat.requests[0].messages == [
        {"role": "user", "content": "what is", "images": [base64.b64encode(picture.read_bytes()).decode()]}
    ]
    assert talk.errors == f"Added image '{picture}'\n"


def test_a_file_that_is_no_picture_is_told_and_asks_nothing(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_text("no picture")
    talk = Talk(FakeChat(), f"what is {tmp_path}/cat.png", capabilities=("vision",))
    assert talk.errors.startswith("Couldn't process file: ")
    assert talk.conversation.turns == []
