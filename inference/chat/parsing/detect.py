"""Which family a model is of, from the text of its chat template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inference.chat.parsing import families
from inference.chat.parsing.family import Family

# The first whose texts all stand in the template. A family's own tokens come before tags that many share.
SIGNS: Sequence[tuple[Family, tuple[str, ...]]] = (
    (families.HARMONY, ("<|channel|>", "<|message|>")),
    (families.GLIMMER, ("<atem:function_calls>", "<|message|>")),
    (families.KIMI_K3, ("<|open|>", "<|sep|>")),
    (families.KIMI, ("<|tool_calls_section_begin|>",)),
    (families.DSML_V32, ("｜DSML｜", "function_calls")),
    (families.DSML_V4, ("｜DSML｜", "tool_calls>")),
    (families.DSML_V41, ("｜DSML｜",)),
    (families.DEEPSEEK_V3, ("<｜tool▁calls▁begin｜>", "```json")),
    (families.DEEPSEEK_V31, ("<｜tool▁calls▁begin｜>",)),
    (families.GEMMA4, ("<|tool_call>", "call:")),
    (families.FUNCTION_GEMMA, ("<start_function_call>",)),
    (families.MISTRAL, ("[TOOL_CALLS]", "[ARGS]")),
    (families.MISTRAL_V3, ("[TOOL_CALLS]",)),
    (families.COMMAND, ("<|START_ACTION|>",)),
    (families.COMMAND_R, ("Action:", "directly_answer")),
    (families.COMMAND_R, ("Action: ```json",)),
    (families.LFM2, ("<|tool_call_start|>",)),
    (families.LFM2, ("<|tool_list_start|>",)),
    (families.OLMO3, ("<function_calls>",)),
    (families.SEED, ("<seed:tool_call>",)),
    (families.GLM, ("<arg_key>",)),
    (families.QWEN_XML, ("<function=", "<parameter=")),
    (families.NEMOTRON, ("<TOOLCALL>",)),
    (families.PHI4, ("<|/tool_call|>",)),
    (families.PHI4, ("<|/tool|>",)),
    (families.GRANITE, ("<|tool_call|>",)),
    (families.INTERNLM, ("<|action_start|>", "<|plugin|>")),
    (families.MINIMAX, ("minimax:tool_call",)),
    (families.JAMBA, ("<tool_calls>[",)),
    (families.HERMES, ("<tool_call>",)),
    (families.JAMBA, ("<tool_calls>",)),
    (families.FUNCTOOLS, ("functools",)),
    (families.LLAMA4, ("<|python_start|>",)),
    (families.LLAMA4, ("<|header_start|>", "tools")),
    (families.LLAMA, ("<|python_tag|>",)),
    (families.LLAMA, ("<|start_header_id|>", "parameters", "tools")),
    (families.LLAMA, ("<|start_header_id|>", '"parameters"', ".Tools")),
    # Tools in a way of the template's own: Ollama's Go templates and Jinja's.
    (families.JSON, (".ToolCalls",)),
    (families.JSON, (".Tools",)),
    (families.JSON, ("tool_calls", "tools")),
    (families.THINKING, ("</think>",)),
    (families.THINKING, ("<think>",)),
)
# Models that write their own syntax whatever the prompt looks like.
BY_ARCHITECTURE = {"gpt-oss": families.HARMONY, "gptoss": families.HARMONY}


def family_of(template: str, *, architecture: str = "") -> Family:
    """Pure, and always answers. ``template`` is Jinja or Ollama's Go; where the file brings none, "", and then the
    architecture may tell.

    ``thinking`` is left out of the family where the template does not speak of it.
    """
    if not template:
        return BY_ARCHITECTURE.get(architecture, families.PLAIN)
    family = next((family for family, signs in SIGNS if all(sign in template for sign in signs)), None)
    return families.PLAIN if family is None else _thinks(family, template)


def generic_of(family: Family) -> Family:
    """For a model whose template knows no tools: the family that asks for JSON, with the model's own thoughts."""
    syntax = replace(families.GENERIC.syntax, thinking=family.syntax.thinking)
    return replace(families.GENERIC, syntax=syntax, thinking=family.thinking, preserved=family.preserved)


def _thinks(family: Family, template: str) -> Family:
    span = family.thinking
    if span is None or span.start in template or span.end in template:
        return family
    others = {families.THINK.start: families.THINK, **families.OTHER_THINKING}
    known = dict(family.syntax.thinking)
    found = next((other for start, other in others.items() if start in known and start in template), None)
    return replace(family, thinking=found)
