"""langchain-tests' standard suites for ChatOpenAI, over /v1/chat/completions and over /v1/responses, with SmolLM2-135M.

Run by tests/conformance/test_langchain.py, in the clients' own environment. What is expected to fail is listed with its
reason; strictly where it is sure to, so that the list can't grow old.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

URL = os.environ["POWER_URL"]
MODEL = os.environ["POWER_MODEL"]
SERVER = {"model": MODEL, "base_url": f"{URL}/v1", "api_key": "any key will do", "temperature": 0, "stream_usage": True}


def options(**values: float) -> dict[str, Any]:
    """OpenAI has no name for these; Power takes Ollama's."""
    return {"extra_body": {"options": {"num_ctx": 4096} | values}}


# So small a model goes round in circles where nothing keeps it from it, and never ends a sentence in JSON.
TALKING = SERVER | options(repeat_penalty=1.3) | {"max_tokens": 128}
# A penalty on the prompt's own words would keep it from copying a value out of the question.
CALLING = SERVER | options(repeat_penalty=1.15, repeat_last_n=16) | {"max_tokens": 128}
DECIDES = "a model of 135M parameters doesn't decide to call a tool"
ENDS = "a model of 135M parameters may write on in a string until it is cut, and half a call is no call"
COPIES = "a model of 135M parameters writes a parameter's description where its value should be"
FIELDS = "JSON mode says nothing of the fields, and a model of 135M parameters doesn't take them from the prompt"


class TestChatOpenAI(ChatModelIntegrationTests):
    """ChatOpenAI as it is, over chat completions."""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return TALKING

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return f"{MODEL}-copy"

    @pytest.mark.xfail(reason=FIELDS, strict=True)
    def test_json_mode(self, model: BaseChatModel) -> None:
        super().test_json_mode(model)


class OneCall(ChatOpenAI):
    """So small a model, held to "one call or more", makes all that fit."""

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return super().bind_tools(tools, **({"parallel_tool_calls": False} | kwargs))


class TestTools(ChatModelIntegrationTests):
    """What the suite asks of tools: where it asks for one, the grammar makes any model call it."""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return OneCall

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return CALLING

    @property
    def has_tool_choice(self) -> bool:
        return True

    @property
    def has_structured_output(self) -> bool:
        return False

    @pytest.mark.xfail(reason=ENDS)
    def test_bind_runnables_as_tools(self, model: BaseChatModel) -> None:
        super().test_bind_runnables_as_tools(model)

    @pytest.mark.xfail(reason=DECIDES, strict=True)
    def test_agent_loop(self, model: BaseChatModel) -> None:
        super().test_agent_loop(model)

    @pytest.mark.xfail(reason=COPIES)
    def test_unicode_tool_call_integration(self, model: BaseChatModel) -> None:  # type: ignore[override]
        super().test_unicode_tool_call_integration(model)


class TestResponses(TestChatOpenAI):
    """The talk of the suite over /v1/responses."""

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return TALKING | {"use_responses_api": True}


class TestResponsesTools(TestTools):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return CALLING | {"use_responses_api": True}
