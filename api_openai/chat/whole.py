"""chat.completion: the whole of a chat's answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api_openai.chat.calls import FUNCTIONS, CallLook
from api_openai.chat.chunks import chat_logprobs
from api_openai.identity import Identity, usage
from inference.request import Prompt, images_of
from models_app.serving.answers import Answer


def chat_completion(identity: Identity, answers: Sequence[Answer], look: CallLook = FUNCTIONS) -> dict[str, Any]:
    return {
        **identity.head("chat.completion"),
        "choices": [_choice(index, answer, look) for index, answer in enumerate(answers)],
        "usage": usage(
            {index: answer.finished for index, answer in enumerate(answers)},
            per_prompt=len(answers),
            n_thinking=sum(answer.n_thinking for answer in answers),
        ),
    }


def rendered_completion(identity: Identity, text: str, prompt: Prompt) -> dict[str, Any]:
    """The answer to ``_debug_render_only``, which is Ollama's: the prompt, and no choice (openai/openai.go)."""
    n_images = len(images_of(prompt))
    debug = {"rendered_template": text} | ({"image_count": n_images} if n_images else {})
    return {**identity.head("chat.completion"), "choices": [], "_debug_info": debug}


def _choice(index: int, answer: Answer, look: CallLook) -> dict[str, Any]:
    return {
        "index": index,
        "message": _message(answer, look),
        "logprobs": chat_logprobs(answer.logprobs),
        "finish_reason": look.reason(answer.finished, len(answer.calls)),
    }


def _message(answer: Answer, look: CallLook) -> dict[str, Any]:
    """Beside calls there is no content rather than an empty one."""
    content = answer.text or (None if answer.calls else "")
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    if answer.thinking:
        message |= {"reasoning": answer.thinking, "reasoning_content": answer.thinking}
    return message | (look.whole(answer.calls) if answer.calls else {})
