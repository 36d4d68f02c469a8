"""Every family, by what its models write."""

from __future__ import annotations

from dataclasses import replace

from inference.chat.parsing.family import Family
from inference.chat.parsing.formats import (
    cohere,
    deepseek,
    dsml,
    gemma,
    generic,
    glimmer,
    glm,
    harmony,
    hermes,
    kimi,
    kimi_k3,
    llama,
    mistral,
    pythonic,
    qwen_xml,
    tagged,
)
from inference.chat.parsing.opening import behind_marker
from inference.chat.parsing.script import Syntax
from inference.request import ThinkingSpan

THINK = ThinkingSpan(start="<think>", end="</think>")
TAGS = ((THINK.start, THINK.end),)
TAG_TOKENS = (THINK.start, THINK.end)

PLAIN = Family(name="plain")
THINKING = Family(name="thinking", syntax=Syntax(thinking=TAGS), thinking=THINK, preserved=TAG_TOKENS, trims=True)
GENERIC = Family(
    name="generic",
    syntax=generic.SYNTAX,
    trims=True,
    force=generic.force,
    hold=generic.hold,
    openings=generic.OPENINGS,
    sections=True,
)
# Templates that know tools in a way that is not known here.
JSON = Family(
    name="json",
    syntax=replace(generic.SYNTAX, calls={**generic.SYNTAX.calls, **tagged.READERS}),
    thinking=THINK,
    preserved=(*TAG_TOKENS, *tagged.READERS),
    trims=True,
    force=generic.force,
    hold=generic.hold,
    openings=generic.OPENINGS,
    sections=True,
)
HERMES = Family(
    name="hermes",
    syntax=Syntax(calls={"<tool_call>": hermes.json_reader("</tool_call>")}, thinking=TAGS),
    thinking=THINK,
    preserved=("<tool_call>", "</tool_call>", *TAG_TOKENS),
    trims=True,
    force=hermes.force,
)
QWEN_XML = Family(
    name="qwen-xml",
    syntax=Syntax(calls=qwen_xml.readers("<tool_call>", "</tool_call>"), thinking=TAGS),
    thinking=THINK,
    preserved=("<tool_call>", "</tool_call>", *TAG_TOKENS),
    trims=True,
    force=qwen_xml.force,
    openings=qwen_xml.openings("<tool_call>"),
)
GLM = Family(
    name="glm",
    syntax=Syntax(calls={"<tool_call>": glm.tool_call}, thinking=TAGS),
    thinking=THINK,
    preserved=("<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", *TAG_TOKENS),
    trims=True,
    force=glm.force,
)
DEEPSEEK_V3 = Family(
    name="deepseek-v3",
    syntax=Syntax(calls={deepseek.SECTION: deepseek.section}, thinking=TAGS),
    thinking=THINK,
    preserved=(*deepseek.PRESERVED, *TAG_TOKENS),
    trims=True,
    force=deepseek.force(fenced=True),
    sections=True,
)
DEEPSEEK_V31 = Family(
    name="deepseek-v3.1",
    syntax=DEEPSEEK_V3.syntax,
    thinking=THINK,
    preserved=DEEPSEEK_V3.preserved,
    trims=True,
    force=deepseek.force(fenced=False),
    sections=True,
)
DSML_V32, DSML_V4, DSML_V41 = (
    Family(
        name=f"deepseek-{version}",
        syntax=Syntax(calls=dialect.calls(), thinking=TAGS),
        thinking=THINK,
        preserved=(dsml.MARK, *TAG_TOKENS),
        trims=True,
        force=dialect.force(),
        sections=True,
    )
    for version, dialect in (("v3.2", dsml.V32), ("v4", dsml.V4), ("v4.1", dsml.V41))
)
KIMI = Family(
    name="kimi-k2",
    syntax=Syntax(calls={kimi.SECTION: kimi.section}, thinking=TAGS),
    thinking=THINK,
    preserved=(*kimi.PRESERVED, *TAG_TOKENS),
    force=kimi.force,
    sections=True,
)
KIMI_K3 = Family(
    name="kimi-k3",
    own=kimi_k3.script,
    thinking=ThinkingSpan(start=kimi_k3.THINK, end=kimi_k3.THINK_END),
    preserved=kimi_k3.PRESERVED,
    force=kimi_k3.force,
    openings=kimi_k3.OPENINGS,
    sections=True,
)
HARMONY = Family(
    name="harmony",
    own=harmony.script,
    thinking=harmony.THINKING,
    preserved=harmony.PRESERVED,
    force=harmony.force,
    openings=harmony.OPENINGS,
)
GLIMMER = Family(
    name="glimmer",
    own=glimmer.script,
    thinking=glimmer.THINKING,
    preserved=glimmer.PRESERVED,
    force=glimmer.force,
    openings=glimmer.OPENINGS,
)
GEMMA4 = Family(
    name="gemma4",
    syntax=Syntax(
        calls={"<|tool_call>": gemma.reader('<|"|>', "<tool_call|>")},
        thinking=(("<|channel>thought", "<channel|>"),),
        thinks_anywhere=("<|channel>thought",),
    ),
    thinking=ThinkingSpan(start="<|channel>thought", end="<channel|>"),
    preserved=("<|tool_call>", "<tool_call|>", '<|"|>', "<|channel>", "<channel|>"),
    force=gemma.force("<|tool_call>", '<|"|>', "<tool_call|>"),
)
FUNCTION_GEMMA = Family(
    name="functiongemma",
    syntax=Syntax(calls={"<start_function_call>": gemma.reader("<escape>", "<end_function_call>")}),
    preserved=("<start_function_call>", "<end_function_call>", "<escape>"),
    trims=True,
    force=gemma.force("<start_function_call>", "<escape>", "<end_function_call>"),
)
MISTRAL_SYNTAX = Syntax(
    calls={mistral.CALLS: mistral.tool_calls}, thinking=(("[THINK]", "[/THINK]"), *TAGS), thinks_anywhere=("[THINK]",)
)
MISTRAL_V3 = Family(
    name="mistral-v3",
    syntax=MISTRAL_SYNTAX,
    thinking=THINK,
    preserved=(*mistral.PRESERVED, *TAG_TOKENS),
    force=mistral.force_list,
    sections=True,
)
MISTRAL = Family(
    name="mistral",
    syntax=MISTRAL_SYNTAX,
    thinking=ThinkingSpan(start="[THINK]", end="[/THINK]"),
    preserved=MISTRAL_V3.preserved,
    force=mistral.force,
)
LLAMA = Family(
    name="llama",
    syntax=Syntax(calls={"<|python_tag|>": llama.python_tag}, bare=llama.bare, thinking=TAGS),
    thinking=THINK,
    preserved=(*llama.PRESERVED, *TAG_TOKENS),
    force=llama.force,
    openings=llama.OPENINGS,
    sections=True,
)
LLAMA4 = Family(
    name="llama4",
    syntax=Syntax(calls={"<|python_start|>": llama.python_start, "<|python_tag|>": llama.python_tag}, bare=llama.bare),
    preserved=llama.PRESERVED,
    force=pythonic.force("[", "]"),
    openings=llama.PYTHONIC_OPENINGS,
    sections=True,
)
COMMAND = Family(
    name="command",
    syntax=Syntax(
        calls={cohere.ACTION: hermes.json_reader(cohere.ACTION_END)},
        thinking=(cohere.THINKING,),
        thinks_anywhere=cohere.THINKING[:1],
        noise=cohere.RESPONSE,
    ),
    thinking=ThinkingSpan(start=cohere.THINKING[0], end=cohere.THINKING[1]),
    preserved=cohere.PRESERVED,
    trims=True,
    force=cohere.force,
    sections=True,
)
COMMAND_R = Family(
    name="command-r",
    syntax=Syntax(calls={"Action:": cohere.action}, words=("Action:",)),
    trims=True,
    force=cohere.force_action,
    hold=cohere.hold_action,
    openings=cohere.OPENINGS,
    sections=True,
)
LFM2 = Family(
    name="lfm2",
    syntax=Syntax(calls={"<|tool_call_start|>": pythonic.listed("<|tool_call_end|>")}, thinking=TAGS),
    thinking=THINK,
    preserved=("<|tool_call_start|>", "<|tool_call_end|>", *TAG_TOKENS),
    trims=True,
    force=pythonic.force("<|tool_call_start|>[", "]<|tool_call_end|>"),
    sections=True,
)
OLMO3 = Family(
    name="olmo3",
    syntax=Syntax(calls={"<function_calls>": pythonic.listed("</function_calls>")}, thinking=TAGS),
    thinking=THINK,
    preserved=("<function_calls>", "</function_calls>", *TAG_TOKENS),
    trims=True,
    force=pythonic.force("<function_calls>", "</function_calls>", separator="\n"),
    sections=True,
)
# JSON between tokens: name, what opens them, what closes them.
NEMOTRON, PHI4, GRANITE, FUNCTOOLS, JAMBA, INTERNLM = (
    Family(
        name=name,
        syntax=Syntax(calls={opening: tagged.READERS[opening]}, thinking=TAGS, words=("functools",)),
        thinking=THINK,
        preserved=(opening, *filter(None, [closing]), *TAG_TOKENS),
        trims=True,
        force=tagged.force(opening, closing, as_list=name != "internlm"),
        openings=(behind_marker("functools["),) if name == "functools" else (),
        sections=name != "internlm",
    )
    for name, opening, closing in (
        ("nemotron", "<TOOLCALL>", "</TOOLCALL>"),
        ("phi-4", "<|tool_call|>", "<|/tool_call|>"),
        ("granite", "<|tool_call|>", ""),
        ("functools", "functools", ""),
        ("jamba", "<tool_calls>", "</tool_calls>"),
        ("internlm", "<|action_start|><|plugin|>", "<|action_end|>"),
    )
)
MINIMAX = Family(
    name="minimax",
    syntax=Syntax(calls=dsml.MINIMAX.calls(), thinking=TAGS),
    thinking=THINK,
    preserved=(dsml.MINIMAX.whole, dsml.MINIMAX.whole_end, *TAG_TOKENS),
    trims=True,
    force=dsml.MINIMAX.force(),
    sections=True,
)
SEED = Family(
    name="seed-oss",
    syntax=Syntax(
        calls=qwen_xml.readers("<seed:tool_call>", "</seed:tool_call>"),
        thinking=(("<seed:think>", "</seed:think>"),),
    ),
    thinking=ThinkingSpan(start="<seed:think>", end="</seed:think>"),
    preserved=("<seed:tool_call>", "</seed:tool_call>", "<seed:think>", "</seed:think>"),
    trims=True,
    force=qwen_xml.force_within("<seed:tool_call>", "</seed:tool_call>"),
    openings=qwen_xml.openings("<seed:tool_call>"),
)
# What a family's models may think in besides its own span, by its first marker.
OTHER_THINKING = {"[THINK]": ThinkingSpan(start="[THINK]", end="[/THINK]")}
