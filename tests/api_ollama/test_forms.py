"""How a chat's answer is to look."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api_ollama.views.inference import _chat_form
from api_ollama.wire import ChatBody
from inference import ModelSpec
from models_app.entries import ServedModel
from models_app.naming import ModelName

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
SPEC = ModelSpec(name="m", digest="ab" * 32, model_path="x", size_bytes=1, n_ctx_train=2048, kv_bytes_per_token=1)
QWEN = '{{ tools }}<think></think><tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}</tool_call>'


@pytest.mark.parametrize(("choice", "parallel"), [("required", False), ("auto", True), (None, True)])
def test_a_forced_call_is_one_and_free_ones_are_as_many_as_the_model_likes(choice: Any, parallel: bool) -> None:
    words = ("completion", "tools")
    served = ServedModel(name=ModelName.parse("m"), spec=SPEC, capabilities=words, chat_template=QWEN)
    body = msgspec.convert({"model": "m", "messages": [], "tools": [TOOL], "tool_choice": choice}, ChatBody)
    assert _chat_form(body, served).parallel is parallel
