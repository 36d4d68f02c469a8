"""What a chat template makes a model capable of, and which one is used of a model that brings two.

A model from Ollama's library has a Go template in its manifest and often a Jinja one in its file. The rules are
Ollama's (server/images.go: chatTemplateCapabilities, goTemplateCapabilities, shouldPreferChatTemplate).
"""

from __future__ import annotations

from functools import lru_cache

from inference.chat.ollama.template import OllamaTemplate
from inference.chat.parsing import family_of
from inference.errors import TemplateError

# How templates write that a message is a tool's result.
_JINJA_RESULTS = (
    "tool_response", "tool_results", "ipython",
    "role'] == 'tool'", "role'] == \"tool\"", "role\"] == 'tool'", 'role"] == "tool"',
    "message.role == 'tool'", 'message.role == "tool"',
)  # fmt: skip
_GO_RESULTS = ('eq .Role "tool"', "tool_response", "TOOL_RESULTS")


def jinja_capabilities(source: str) -> tuple[str, ...]:
    """Any of tools and thinking. Ollama knows thinking by one pair of tags only, and other models by their parser."""
    tools = "tools" in source or "tool_call" in source
    tags = "<think>" in source and "</think>" in source
    # Templates of the DeepSeek line cut old reasoning off by splitting at the closing tag and never write the opening.
    splits = any(f"content.split({quote}</think>{quote})" in source for quote in "'\"")
    splits = splits and "reasoning_content" not in source and "<SPECIAL_12>" not in source
    return ("tools",) * tools + ("thinking",) * (tags or splits or _thinks_otherwise(source))


def _thinks_otherwise(source: str) -> bool:
    span = family_of(source).thinking
    return span is not None and span.start != "<think>" and span.start in source


@lru_cache(maxsize=64)
def go_capabilities(source: str) -> tuple[str, ...]:
    """Any of tools, insert and thinking; none of a template that is no Go."""
    try:
        template = OllamaTemplate(source)
    except TemplateError:
        return ()
    words = [word for word, name in (("tools", "tools"), ("insert", "suffix")) if name in template.variables]
    return (*words, *(("thinking",) if all(template.thinking_tags) else ()))


@lru_cache(maxsize=64)
def uses_jinja(*, chat_template: str, template: str) -> bool:
    """Whether the file's own ``chat_template`` is taken rather than the Go ``template``: where there is no other, and
    where the model can do more with it."""
    if not chat_template or not template:
        return not template
    jinja, go = jinja_capabilities(chat_template), go_capabilities(template)
    if len(jinja) > len(go):
        return not _go_round_trip(template) or _jinja_round_trip(chat_template)
    if set(jinja) != set(go) or "tools" not in jinja:
        return False
    return _jinja_round_trip(chat_template) and not _go_round_trip(template)


def template_capabilities(*, chat_template: str, template: str) -> tuple[str, ...]:
    """Those of the template that is used."""
    if uses_jinja(chat_template=chat_template, template=template):
        return jinja_capabilities(chat_template)
    return go_capabilities(template)


def _jinja_round_trip(source: str) -> bool:
    """Whether it shows the calls of earlier turns and their results."""
    calls = "tool_calls" in source or "assistant_tool_call" in source
    return calls and any(text in source for text in _JINJA_RESULTS)


def _go_round_trip(source: str) -> bool:
    try:
        variables = OllamaTemplate(source).variables
    except TemplateError:
        return False
    return {"tools", "toolcalls"} <= variables and any(text in source for text in _GO_RESULTS)
