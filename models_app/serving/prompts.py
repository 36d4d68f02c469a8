"""What of a model, of a request and of its form goes into the prompt. The same on both wires; pure."""

from __future__ import annotations

from collections.abc import Sequence

from inference.chat.generic_turns import generic_turns
from inference.chat.history import linked, without_old_thinking
from inference.request import ChatPrompt, Message
from models_app.entries import ServedModel
from models_app.serving.answer_form import TEXT_FORM, AnswerForm, Think

# Models that were trained not to see their old thoughts (Ollama's filterThinkTags, server/routes.go).
_FORGET_THINKING = frozenset(["qwen3", "qwen3moe"])


def chat_prompt(served: ServedModel, messages: Sequence[Message], *, form: AnswerForm = TEXT_FORM) -> ChatPrompt:
    """The model's MESSAGEs go first, before them its SYSTEM unless the request begins with one (Ollama's ChatHandler).

    A last message of the assistant is continued rather than answered, unless it is a call.
    """
    turns = (*served.messages, *messages)
    if form.in_words or not served.template:
        turns = linked(turns)  # Ollama's own templates get what the client sent, as in Ollama
    if served.system and messages[0].role != "system":
        turns = (Message(role="system", content=served.system), *turns)
    if served.architecture in _FORGET_THINKING or served.name.model == "deepseek-r1":
        turns = without_old_thinking(turns)
    return ChatPrompt(
        messages=generic_turns(turns, form.tools) if form.in_words else turns,
        template=served.template or "",
        continue_final_message=messages[-1].role == "assistant" and not messages[-1].tool_calls,
        tools=() if form.in_words else form.tools,
        think=form.think,
    )


def single_prompt(
    served: ServedModel,
    text: str,
    *,
    system: str,
    context: Sequence[int] | None,
    template: str = "",
    think: Think = None,
    suffix: str = "",
    images: tuple[bytes, ...] = (),
) -> ChatPrompt:
    """One user turn; where a context holds the talk the model's MESSAGEs stay out (Ollama's GenerateHandler)."""
    turns = served.messages if context is None else ()
    if system or served.system:
        turns = (Message(role="system", content=system or served.system), *turns)
    return ChatPrompt(
        messages=(*turns, Message(role="user", content=text, images=images)),
        context=tuple(context or ()),
        template=template or served.template or "",
        think=think,
        suffix=suffix,
    )
