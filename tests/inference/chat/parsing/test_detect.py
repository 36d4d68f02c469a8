"""Families are told by their templates: real ones of Ollama's, and what stands in those of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from inference.chat.parsing import GENERIC, families, family_of, generic_of

OLLAMA = Path(__file__).parents[1] / "ollama" / "data"
# Of Ollama's templates (MIT, see the folder's NOTICE), those that know tools.
WITH_TOOLS = {
    "tools/command-r-plus": "command-r",
    "tools/firefunction": "functools",
    "tools/llama3-groq-tool-use": "hermes",
    "tools/llama3.2": "llama",
    "tools/mistral": "mistral-v3",
    "tools/nemotron": "json",
    "tools/qwen3": "hermes",
    "tools/xlam": "json",
    "command-r": "command-r",
}
# What a template of the family says, in the words of its calls.
SAYINGS = {
    "harmony": "<|start|>assistant<|channel|>analysis<|message|>",
    "glimmer": "<|start|>assistant to=self<|message|> <atem:function_calls>",
    "kimi-k2": "<|tool_calls_section_begin|>",
    "kimi-k3": "<|open|>tools<|sep|>",
    "deepseek-v3": "<｜tool▁calls▁begin｜>\\n```json",
    "deepseek-v3.1": "<｜tool▁calls▁begin｜><｜tool▁sep｜>",
    "deepseek-v3.2": "<｜DSML｜function_calls>",
    "deepseek-v4": "<｜DSML｜tool_calls>",
    "deepseek-v4.1": "<｜DSML｜ calls> {{ message.tool_calls }}",
    "gemma4": "{{ '<|tool_call>call:' + name }}",
    "functiongemma": "<start_function_call>call:",
    "mistral": "[TOOL_CALLS]{{ name }}[ARGS]",
    "mistral-v3": "[TOOL_CALLS] [",
    "command": "<|START_ACTION|>",
    "lfm2": "<|tool_list_start|>",
    "olmo3": "<function_calls>",
    "seed-oss": "<seed:tool_call><function=f><parameter=p>",
    "glm": "<tool_call>{{ name }}<arg_key>",
    "qwen-xml": "<tool_call><function=f><parameter=p>",
    "minimax": "<minimax:tool_call><invoke",
    "nemotron": "<TOOLCALL>[",
    "phi-4": "<|tool_call|>{{ call }}<|/tool_call|>",
    "granite": "<|tool_call|>",
    "internlm": "<|action_start|><|plugin|>",
    "hermes": "<tool_call>{{ call }}</tool_call>",
    "jamba": "<tool_calls>[",
    "llama": "<|start_header_id|> tools parameters",
    "llama4": "<|header_start|> tools",
    "json": "{% for call in message.tool_calls %} {{ tools }}",
    "thinking": "{{ content.split('</think>')[-1] }}",
    "plain": "{% for message in messages %}{{ message.content }}{% endfor %}",
}


@pytest.mark.parametrize("path", sorted(OLLAMA.rglob("*.gotmpl")), ids=lambda path: path.stem)
def test_ollamas_templates_are_known(path: Path) -> None:
    name = path.relative_to(OLLAMA).with_suffix("").as_posix()
    assert family_of(path.read_text()).name == WITH_TOOLS.get(path.relative_to(OLLAMA).as_posix()[:-7], "plain"), name


@pytest.mark.parametrize(("name", "template"), SAYINGS.items())
def test_a_family_is_known_by_what_its_template_says(name: str, template: str) -> None:
    assert family_of(template).name == name


def test_a_family_thinks_only_where_its_template_says_so() -> None:
    assert family_of("<tool_call>").thinking is None
    assert family_of("<tool_call> </think>").thinking == families.THINK
    assert family_of("[TOOL_CALLS] [THINK]").thinking == families.MISTRAL.thinking
    assert family_of("[TOOL_CALLS]").thinking is None


def test_no_template_is_plain() -> None:
    assert family_of("") is families.PLAIN
    assert family_of("", architecture="llama") is families.PLAIN


def test_an_architecture_with_one_syntax_tells_it_without_a_template() -> None:
    assert family_of("", architecture="gpt-oss") is families.HARMONY


def test_a_thinking_model_that_is_asked_for_json_thinks_in_its_own_way() -> None:
    family = generic_of(family_of("</think>"))
    assert (family.name, family.thinking, family.force) == ("generic", families.THINK, GENERIC.force)
