from __future__ import annotations

from models_app.console.conversation import Conversation


def test_a_request_holds_everything_said_before() -> None:
    chat = Conversation(model="m", system="Be brief.", options={"seed": 7}, format="json", think="low")
    chat.ask("one")
    chat.answered("1", "hm")
    request = chat.ask("two", ("aGk=",))
    assert request.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "1", "thinking": "hm"},
        {"role": "user", "content": "two", "images": ["aGk="]},
    ]
    assert (request.model, request.options, request.format, request.think) == ("m", {"seed": 7}, "json", "low")


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
    chat.options["seed"] = 1
    chat.answered("hello")
    assert (len(request.messages), request.options) == (1, {})


def test_a_model_that_can_think_does_unless_the_user_chose() -> None:
    shown = {"capabilities": ["completion", "thinking"]}
    chat = Conversation(model="m")
    chat.meet(shown)
    assert chat.think is True
    chosen = Conversation(model="m", think=False, think_chosen=True)
    chosen.meet(shown)
    assert chosen.think is False
    chat.meet({"capabilities": ["completion"]})
    assert chat.think is None


def test_pictures_are_for_models_that_see_or_hear() -> None:
    chat = Conversation(model="m")
    assert not chat.takes_media
    chat.meet({"capabilities": ["completion", "vision"]})
    assert chat.takes_media


def test_another_model_begins_with_nothing_said_and_keeps_what_was_set() -> None:
    chat = Conversation(model="m", system="s", options={"seed": 1})
    chat.ask("hi")
    chat.change_model("n", {"messages": [{"role": "user", "content": "q"}]})
    assert (chat.model, chat.turns, chat.system, chat.options) == ("n", [], "s", {"seed": 1})
    assert chat.loaded == [{"role": "user", "content": "q"}]


def test_a_saved_chat_is_its_model_its_settings_and_all_that_was_said() -> None:
    chat = Conversation(model="m", system="s", options={"seed": 1}, loaded=[{"role": "user", "content": "q"}])
    assert chat.saved("mine") == {"model": "mine", "from": "m", "system": "s", "parameters": {"seed": 1}}
    chat.ask("hi")
    chat.answered("hello")
    assert [message["content"] for message in chat.saved("mine")["messages"]] == ["q", "hi", "hello"]
