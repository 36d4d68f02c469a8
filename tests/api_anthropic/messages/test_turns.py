"""api_anthropic.messages.turns: blocks become the engine's turns, and what makes no sense is refused by its place."""

from __future__ import annotations

from typing import Any

import pytest

from api_anthropic.messages.body import Body
from api_anthropic.messages.signature import signed
from api_anthropic.messages.turns import engine_turns
from inference.request import Message
from power_site.http import BadRequest, convert

PNG = {"type": "base64", "media_type": "image/png", "data": "cG5n"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "42"}


def text(value: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **fields}


async def turns(*messages: dict[str, Any], system: Any = "") -> list[Message]:
    return await engine_turns(convert({"model": "m", "messages": list(messages), "system": system}, Body))


async def user(*blocks: dict[str, Any]) -> Message:
    (turn,) = await turns({"role": "user", "content": list(blocks)})
    return turn


async def test_the_system_prompt_goes_first_as_text_or_blocks() -> None:
    said = {"role": "user", "content": "hi"}
    marked = [text("Be brief.", cache_control={"type": "ephemeral"}), text("Be kind.")]
    for system, expected in (("Be brief.", "Be brief."), (marked, "Be brief.\nBe kind.")):
        assert (await turns(said, system=system))[0] == Message(role="system", content=expected)
    assert [turn.role for turn in await turns(said)] == ["user"]


async def test_texts_are_joined_and_images_kept_in_order() -> None:
    turn = await user(text("one"), {"type": "image", "source": PNG}, text("two"))
    assert turn == Message(role="user", content="one\ntwo", images=(b"png",))


async def test_documents_and_search_results_are_text_with_their_titles() -> None:
    plain = {"type": "text", "media_type": "text/plain", "data": "Hello."}
    blocks = {"type": "content", "content": [text("A"), {"type": "image", "source": PNG}]}
    turn = await user(
        {"type": "document", "title": "T", "context": "C", "source": plain},
        {"type": "document", "source": blocks},
        {"type": "search_result", "title": "S", "source": "here", "content": [text("found")]},
    )
    assert turn.content == "Document: T\nContext: C\nHello.\nA\nSearch result: S\nSource: here\nfound"
    assert turn.images == (b"png",)


async def test_a_result_is_a_turn_of_its_own_with_the_name_of_its_call() -> None:
    asked, called, result, rest = await turns(
        {"role": "user", "content": "f?"},
        {"role": "assistant", "content": [text("I call."), CALL]},
        {"role": "user", "content": [RESULT, text("Well?")]},
    )
    function = {"name": "f", "arguments": {"a": 1}}
    assert called.tool_calls == ({"id": "toolu_1", "type": "function", "function": function},)
    assert called.content == "I call."
    assert result == Message(role="tool", content="42", tool_name="f", tool_call_id="toolu_1")
    assert (asked.role, rest.role, rest.content) == ("user", "user", "Well?")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"content": [text("4"), text("2")]}, "4\n2"),
        ({"content": None}, ""),
        ({"content": "No such file", "is_error": True}, "Error: No such file"),
        ({"content": "error 7", "is_error": True}, "error 7"),
        ({"content": "", "is_error": True}, "Error"),
    ],
)
async def test_a_result_may_be_blocks_nothing_or_a_failure(fields: dict[str, Any], expected: str) -> None:
    called = {"role": "assistant", "content": [CALL]}
    *_, result = await turns(called, {"role": "user", "content": [{**RESULT, **fields}]})
    assert result.content == expected


async def test_a_result_may_hold_an_image() -> None:
    picture = {**RESULT, "content": [{"type": "image", "source": PNG}]}
    *_, result = await turns({"role": "assistant", "content": [CALL]}, {"role": "user", "content": [picture]})
    assert result.images == (b"png",)


async def test_thoughts_come_back_whether_they_were_shown_or_not() -> None:
    shown = {"type": "thinking", "thinking": "Hm.", "signature": signed("Hm.", shown=True)}
    hidden = {"type": "thinking", "thinking": "", "signature": signed("Hm.", shown=False)}
    foreign = {"type": "thinking", "thinking": "Hm.", "signature": "EqoB"}
    for block in (shown, hidden, foreign):
        (turn,) = await turns({"role": "assistant", "content": [block, text("Yes.")]})
        assert turn == Message(role="assistant", content="Yes.", thinking="Hm.")
    (turn,) = await turns({"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}, text("Yes.")]})
    assert turn == Message(role="assistant", content="Yes.")


async def test_neighbours_of_one_role_are_one_turn() -> None:
    said = await turns(
        {"role": "user", "content": "a"},
        {"role": "user", "content": [text("b"), {"type": "image", "source": PNG}]},
        {"role": "assistant", "content": "c"},
        {"role": "assistant", "content": "d"},
    )
    user_turn = Message(role="user", content="a\nb", images=(b"png",))
    assert said == [user_turn, Message(role="assistant", content="cd")]


async def test_a_system_turn_in_the_midst_is_told_in_a_users() -> None:
    french = {"role": "system", "content": "Now in French."}
    asked, answered = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
    reminder = "<system-reminder>\nNow in French.\n</system-reminder>"
    assert await turns(asked, french) == [Message(role="user", content=f"a\n{reminder}")]
    assert [(turn.role, turn.content) for turn in await turns(asked, answered, french)][2] == ("user", reminder)
    first = await turns(french, asked, system="Be brief.")
    assert first[0] == Message(role="system", content="Be brief.\nNow in French.")


async def test_what_is_for_anthropics_accounts_is_not_for_the_model() -> None:
    billing = text("x-anthropic-billing-header: cc_version=2.1.0df; cc_entrypoint=cli;")
    said = {"role": "user", "content": "hi"}
    assert (await turns(said, system=[billing, text("Be brief.")]))[0].content == "Be brief."
    assert [turn.role for turn in await turns(said, system=[billing])] == ["user"]


async def test_only_a_last_answer_may_be_empty() -> None:
    assert (await turns({"role": "user", "content": "a"}, {"role": "assistant", "content": ""}))[1].content == ""
    for empty in ("", []):
        with pytest.raises(BadRequest, match=r"^messages\[0\]\.content: all messages must have non-empty content$"):
            await turns({"role": "user", "content": empty})


@pytest.mark.parametrize(
    ("role", "block", "place"),
    [
        ("user", {"type": "tool_use", "id": "a", "name": "f", "input": {}}, 'blocks of type "tool_use"'),
        ("user", {"type": "server_tool_use"}, 'blocks of type "server_tool_use"'),
        ("user", {"type": "container_upload", "file_id": "x"}, 'blocks of type "container_upload"'),
        ("user", {"type": ["text"]}, "must be a block with a type"),
        ("user", {"text": "x"}, "must be a block with a type"),
        ("user", {"type": "text", "text": 5}, ".text must be a string"),
        ("user", {"type": "image", "source": {"type": "file", "file_id": "x"}}, "files are not supported"),
        ("user", {"type": "image", "source": {**PNG, "data": "?"}}, "is not valid base64"),
        ("user", {"type": "image", "source": {**PNG, "media_type": "application/pdf"}}, ".source: expected"),
        ("user", {"type": "image", "source": PNG, "transformations": {"oversized_image": "error"}}, "oversized_image"),
        ("user", {"type": "image"}, ".source: expected"),
        ("user", {"type": "document", "source": {"type": "base64", "data": "x"}}, 'documents of type "base64"'),
        ("user", {"type": "document", "source": {"type": "url", "url": "x"}}, 'documents of type "url"'),
        ("user", {"type": "document", "source": 5}, ".source must be an object"),
        ("user", {"type": "search_result", "title": 5, "content": []}, "must be strings"),
        ("user", {"type": "search_result", "content": [{"type": "image", "source": PNG}]}, 'type "image"'),
        ("user", {"type": "search_result", "citations": {"enabled": True}, "content": []}, ".citations is not"),
        ("user", RESULT, ".tool_use_id: each tool_result"),
        ("assistant", {"type": "image", "source": PNG}, 'blocks of type "image"'),
        ("assistant", {"type": "tool_use", "id": "a", "name": "f", "input": "{}"}, "needs an id, a name and an input"),
        ("system", {"type": "image", "source": PNG}, 'blocks of type "image"'),
    ],
)
async def test_what_can_not_be_given_to_the_model_is_refused_by_its_place(
    role: str, block: dict[str, Any], place: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        await turns({"role": role, "content": [block]})
    assert str(caught.value).startswith("messages[0].content[0]")
    assert place in str(caught.value)


async def test_a_tool_reference_in_a_result_is_refused_by_its_place() -> None:
    result = {**RESULT, "content": [{"type": "tool_reference", "tool_name": "f"}]}
    with pytest.raises(BadRequest, match=r'^messages\[1\]\.content\[0\]\.content\[0\]: .*"tool_reference"'):
        await turns({"role": "assistant", "content": [CALL]}, {"role": "user", "content": [result]})
