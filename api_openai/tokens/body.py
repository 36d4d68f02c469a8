"""Requests for tokens, typed, in the words of both who know such endpoints: vLLM's and llama-server's.

vLLM asks by ``prompt`` or ``messages``; its texts get the vocabulary's first tokens unless ``add_special_tokens`` is
false; llama-server asks by ``content``, and its texts don't unless ``add_special``.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from api_openai.chat.message import Message
from power_site.http import BadRequest


class TokenizeBody(Struct, frozen=True, kw_only=True):
    """One of ``prompt``, ``messages`` and ``content``. ``model`` may be left out where there is only one to mean."""

    model: str = ""
    prompt: str | None = None
    messages: list[Message] | None = None
    tools: list[Any] = []
    add_special_tokens: bool | None = None
    add_generation_prompt: bool | None = None
    continue_final_message: bool | None = None
    return_token_strs: bool = False
    content: str | None = None
    add_special: bool = False
    parse_special: bool = True
    with_pieces: bool = False
    keep_alive: float | str | None = None
    options: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.prompt, self.messages, self.content)) != 1:
            raise BadRequest("one of prompt, messages and content is required", field="prompt")
        if self.messages is None:
            return
        if not self.messages:
            raise BadRequest("[] is too short - 'messages'", field="messages")
        if self.add_special_tokens:
            raise BadRequest(
                "add_special_tokens: the model's template writes those of a chat", field="add_special_tokens"
            )
        continues = self.messages[-1].role == "assistant" and not self.messages[-1].tool_calls
        if self.add_generation_prompt not in (None, not continues):
            raise BadRequest(
                "add_generation_prompt: a chat ends with the model's turn, which a last message of the assistant is",
                field="add_generation_prompt",
            )
        if self.continue_final_message not in (None, continues):
            raise BadRequest(
                "continue_final_message: a last message of the assistant is continued, and no other",
                field="continue_final_message",
            )

    @property
    def adds_special(self) -> bool:
        return self.add_special if self.content is not None else self.add_special_tokens is not False


REFUSED: dict[str, tuple[Any, ...]] = {"chat_template": (), "chat_template_kwargs": ({},), "mm_processor_kwargs": ({},)}
"""What vLLM knows and can't be honoured here, with the values that ask for nothing."""


class DetokenizeBody(Struct, frozen=True, kw_only=True):
    model: str = ""
    tokens: list[int]
