"""langchain-tests' standard suite for ChatOllama, against a server of Power's with SmolLM2-135M and ``generic_tools``.

Run by tests/conformance/test_langchain.py, in the clients' own environment. What is expected to fail is listed with its
reason; strictly where it is sure to, so that the list can't grow old.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import httpx
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_ollama import ChatOllama
from langchain_tests.integration_tests import ChatModelIntegrationTests

URL = os.environ["POWER_URL"]
MODEL = os.environ["POWER_MODEL"]


PARAMETERS = {"model": MODEL, "base_url": URL, "temperature": 0, "seed": 1, "num_ctx": 4096}
# So small a model goes round in circles where nothing keeps it from it, and never ends a sentence in JSON.
TALKING = PARAMETERS | {"num_predict": 64, "repeat_penalty": 1.3}
# A penalty on the prompt's own words would keep it from copying a value out of the question.
CALLING = PARAMETERS | {"num_predict": 128, "repeat_penalty": 1.15, "repeat_last_n": 16}
DECIDES = "ChatOllama drops tool_choice, and a model of 135M parameters doesn't decide to call a tool"
COPIES = "a model of 135M parameters writes a parameter's description where its value should be"
FIELDS = "JSON mode says nothing of the fields, and a model of 135M parameters doesn't take them from the prompt"


class TestChatOllama(ChatModelIntegrationTests):
    """ChatOllama as it is."""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOllama

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return TALKING

    @property
    def has_tool_choice(self) -> bool:
        return False

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return f"{MODEL}-copy"

    @pytest.mark.xfail(reason=DECIDES, strict=True)
    def test_tool_calling(self, model: BaseChatModel) -> None:
        super().test_tool_calling(model)

    @pytest.mark.xfail(reason=DECIDES, strict=True)
    async def test_tool_calling_async(self, model: BaseChatModel) -> None:
        await super().test_tool_calling_async(model)

    @pytest.mark.xfail(reason=DECIDES, strict=True)
    def test_bind_runnables_as_tools(self, model: BaseChatModel) -> None:
        super().test_bind_runnables_as_tools(model)

    @pytest.mark.xfail(reason=DECIDES, strict=True)
    def test_tool_calling_with_no_arguments(self, model: BaseChatModel) -> None:
        super().test_tool_calling_with_no_arguments(model)

    @pytest.mark.xfail(reason=DECIDES, strict=True)
    def test_agent_loop(self, model: BaseChatModel) -> None:
        super().test_agent_loop(model)

    @pytest.mark.xfail(reason=DECIDES, strict=True)
    def test_unicode_tool_call_integration(self, model: BaseChatModel) -> None:  # type: ignore[override]
        super().test_unicode_tool_call_integration(model)

    @pytest.mark.xfail(reason=FIELDS, strict=True)
    def test_json_mode(self, model: BaseChatModel) -> None:
        super().test_json_mode(model)


_choice: ContextVar[Any] = ContextVar("choice", default=None)


def _with_choice(request: httpx.Request) -> httpx.Request:
    """The request with the field that ChatOllama has no way to send: a tool is due when a user has spoken last."""
    body = json.loads(request.content or b"{}")
    if not body.get("tools") or body["messages"][-1]["role"] != "user":
        return request
    content = json.dumps(body | {"tool_choice": _choice.get() or "required"}).encode()
    headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
    return httpx.Request(request.method, request.url, headers=headers, content=content, extensions=request.extensions)


class Forcing(httpx.HTTPTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return super().handle_request(_with_choice(request))


class AsyncForcing(httpx.AsyncHTTPTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await super().handle_async_request(_with_choice(request))


class ForcedChatOllama(ChatOllama):
    """ChatOllama that hands ``tool_choice`` on: "any", or a tool's name."""

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Any:
        named = isinstance(tool_choice, str) and tool_choice not in ("any", "auto", "none", "required")
        chosen = {"type": "function", "function": {"name": tool_choice}} if named else "required"
        return super().bind_tools(tools, chosen=chosen, **kwargs)

    def _chat_params(self, messages: Any, stop: Any = None, **kwargs: Any) -> dict[str, Any]:
        _choice.set(kwargs.pop("chosen", None))
        return super()._chat_params(messages, stop, **kwargs)


class TestForced(ChatModelIntegrationTests):
    """What the suite asks of tools, with tools forced: the grammar makes any model call them."""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ForcedChatOllama

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return CALLING | {
            "sync_client_kwargs": {"transport": Forcing()},
            "async_client_kwargs": {"transport": AsyncForcing()},
        }

    @property
    def has_structured_output(self) -> bool:
        return False

    @pytest.mark.xfail(reason=COPIES)
    def test_unicode_tool_call_integration(self, model: BaseChatModel) -> None:  # type: ignore[override]
        super().test_unicode_tool_call_integration(model)
