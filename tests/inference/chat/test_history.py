from __future__ import annotations

from inference.chat.history import linked, without_old_thinking
from inference.request import Message


def call(name: str, **more: object) -> dict[str, object]:
    return {"function": {"name": name, "arguments": {}}, **more}


def user(content: str = "hi") -> Message:
    return Message(role="user", content=content)


def test_a_talk_without_tools_stays_as_it_is() -> None:
    messages = (user(), Message(role="assistant", content="ho"))
    assert linked(messages) == messages


def test_calls_without_ids_get_some_and_results_find_them_by_name() -> None:
    asked = Message(role="assistant", tool_calls=(call("f"), call("g")))
    results = [Message(role="tool", content="2", tool_name="g"), Message(role="tool", content="1", tool_name="f")]
    turn, second, first = linked([user(), asked, *results])[1:]
    ids = [each["id"] for each in turn.tool_calls]
    assert len(set(ids)) == 2
    assert [first.tool_call_id, second.tool_call_id] == ids


def test_an_id_that_is_no_text_becomes_one() -> None:
    asked = Message(role="assistant", tool_calls=(call("f", id=7), call("g", id={"x": 1})))
    turn, result = linked([asked, Message(role="tool", tool_call_id="7")])
    assert [each["id"] for each in turn.tool_calls] == ["7", "{'x': 1}"]
    assert result.tool_name == "f"


def test_results_find_names_by_id() -> None:
    asked = Message(role="assistant", tool_calls=(call("f", id="a"), call("f", id="b")))
    result = linked([asked, Message(role="tool", content="x", tool_call_id="b")])[1]
    assert (result.tool_name, result.tool_call_id) == ("f", "b")


def test_results_that_name_nothing_answer_the_calls_in_turn() -> None:
    asked = Message(role="assistant", tool_calls=(call("f", id="a"), call("g", id="b")))
    results = linked([asked, Message(role="tool"), Message(role="tool")])[1:]
    assert [(each.tool_name, each.tool_call_id) for each in results] == [("f", "a"), ("g", "b")]


def test_a_result_of_no_call_keeps_what_it_says() -> None:
    result = Message(role="tool", content="x", tool_name="f")
    assert linked([user(), result])[1] == result


def test_thinking_of_turns_before_the_last_question_goes() -> None:
    old = Message(role="assistant", content="\n<think>\na\n</think>\n\nb")
    cut = Message(role="assistant", content="<think>never closed")
    new = Message(role="assistant", content="<think>c</think>d")
    kept = without_old_thinking([user(), old, user("<think>x</think>"), cut, user(), new])
    assert [message.content for message in kept] == [
        "hi", "b", "<think>x</think>", "", "hi", "<think>c</think>d"
    ]  # fmt: skip


def test_thinking_that_is_only_spoken_of_stays() -> None:
    spoken = Message(role="assistant", content="The tag <think>x</think> is for thoughts.")
    assert without_old_thinking([spoken, user()])[0] == spoken
