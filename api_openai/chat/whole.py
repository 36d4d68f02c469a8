"""chat.completion: the whole of a chat's answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api_openai.chat.calls import reason_with_calls, tool_call_list
from api_openai.chat.chunks import chat_logprobs
from api_openai.identity import Identity, usage
from models_app.serving.answers import Answer


def chat_completion(identity: Identity, answers: Sequence[Answer], *, legacy: bool = False) -> dict[str, Any]:
    """``legacy``: the client offered ``functions``, and gets a ``function_call``."""
    return {
        **identity.head("chat.completion"),
        "choices": [_choice(index, answer, legacy=legacy) for index, answer in enumerate(answers)],
        "usage": usage(
            {index: answer.finished for index, answer in enumerate(answers)},
            per_prompt=len(answers),
            n_thinking=sum(answer.n_thinking for answer in answers),
        ),
    }


def _choice(index: int, answer: Answer, *, legacy: bool) -> dict[str, Any]:
    return {
        "index": index,
        "message": _message(answer, legacy=legacy),
        "logprobs": chat_logprobs(answer.logprobs),
        "finish_reason": reason_with_calls(answer.finished.reason, len(answer.calls), legacy=legacy),
    }


def _message(answer: Answer, *, legacy: bool) -> dict[str, Any]:
    """Beside calls there is no content rather than an empty one."""
    content = answer.text or (None if answer.calls else "")
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    if answer.thinking:
        message |= {"reasoning": answer.thinking, "reasoning_content": answer.thinking}
    if answer.calls and legacy:
        first = answer.calls[0]
        message["function_call"] = {"name": first.name, "arguments": first.arguments}
    elif answer.calls:
        message["tool_calls"] = tool_call_list(answer.calls)
    return message
