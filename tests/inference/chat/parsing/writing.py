"""Calls as each family's models write them, and answers put together again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from inference.chat.parsing import Parsed, families
from inference.chat.parsing.family import Family
from inference.events import TextDelta, ThinkingDelta

Call = tuple[str, dict[str, Any]]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string"},
                    "days": {"type": "integer"},
                    "deep": {"type": "object"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "exact": {"type": ["boolean", "null"]},
                },
                "required": ["city"],
            },
        },
    },
    {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}},
]


def js(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def raw(value: Any) -> str:
    return value if isinstance(value, str) else js(value)


def bare(value: Any, quote: str) -> str:
    if isinstance(value, str):
        return f"{quote}{value}{quote}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{bare(item, quote)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(bare(item, quote) for item in value) + "]"
    return js(value)


def named(call: Call, name: str = "name", arguments: str = "arguments") -> str:
    return js({name: call[0], arguments: call[1]})


def hermes(calls: Sequence[Call]) -> str:
    return "\n".join(f"<tool_call>\n{named(call)}\n</tool_call>" for call in calls)


def qwen_xml(calls: Sequence[Call]) -> str:
    def one(call: Call) -> str:
        values = "".join(f"<parameter={key}>\n{raw(value)}\n</parameter>\n" for key, value in call[1].items())
        return f"<tool_call>\n<function={call[0]}>\n{values}</function>\n</tool_call>"

    return "\n".join(map(one, calls))


def glm(calls: Sequence[Call]) -> str:
    def one(call: Call) -> str:
        values = "".join(f"<arg_key>{k}</arg_key>\n<arg_value>{raw(v)}</arg_value>\n" for k, v in call[1].items())
        return f"<tool_call>{call[0]}\n{values}</tool_call>"

    return "\n".join(map(one, calls))


def deepseek_v3(calls: Sequence[Call]) -> str:
    inner = "\n".join(
        f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{js(values)}\n```<｜tool▁call▁end｜>"
        for name, values in calls
    )
    return f"<｜tool▁calls▁begin｜>{inner}<｜tool▁calls▁end｜>"


def deepseek_v31(calls: Sequence[Call]) -> str:
    inner = "".join(
        f"<｜tool▁call▁begin｜>{name}<｜tool▁sep｜>{js(values)}<｜tool▁call▁end｜>" for name, values in calls
    )
    return f"<｜tool▁calls▁begin｜>{inner}<｜tool▁calls▁end｜>"


def invoking(whole: str, prefix: str, tells: bool = True) -> Callable[[Sequence[Call]], str]:
    def parameter(key: str, value: Any) -> str:
        string = f' string="{js(isinstance(value, str))}"' if tells else ""
        return f'<{prefix}parameter name="{key}"{string}>{raw(value)}</{prefix}parameter>\n'

    def write(calls: Sequence[Call]) -> str:
        inner = "".join(
            f'<{prefix}invoke name="{name}">\n{"".join(parameter(*pair) for pair in values.items())}</{prefix}invoke>\n'
            for name, values in calls
        )
        return f"<{whole}>\n{inner}</{whole}>"

    return write


def kimi(calls: Sequence[Call]) -> str:
    inner = "".join(
        f"<|tool_call_begin|>functions.{name}:{number}<|tool_call_argument_begin|>{js(values)}<|tool_call_end|>"
        for number, (name, values) in enumerate(calls)
    )
    return f"<|tool_calls_section_begin|>{inner}<|tool_calls_section_end|>"


def kimi_k3(calls: Sequence[Call]) -> str:
    kinds = {str: "string", bool: "boolean", int: "number", type(None): "null", dict: "object", list: "array"}

    def argument(key: str, value: Any) -> str:
        head = f'<|open|>argument key="{key}" type="{kinds[type(value)]}"<|sep|>'
        return f"{head}{raw(value)}<|close|>argument<|sep|>"

    inner = "".join(
        f'<|open|>call tool="{name}" index="{number}"<|sep|>'
        f"{''.join(argument(*pair) for pair in values.items())}<|close|>call<|sep|>"
        for number, (name, values) in enumerate(calls, 1)
    )
    return f"<|open|>tools<|sep|>{inner}<|close|>tools<|sep|>"


def gemma(opening: str, quote: str, closing: str) -> Callable[[Sequence[Call]], str]:
    return lambda calls: "".join(f"{opening}call:{name}{bare(values, quote)}{closing}" for name, values in calls)


def harmony(calls: Sequence[Call]) -> str:
    return "<|call|>".join(
        f"<|start|>assistant<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>{js(values)}"
        for name, values in calls
    )


def listed(opening: str, closing: str, **keys: str) -> Callable[[Sequence[Call]], str]:
    return lambda calls: f"{opening}[{', '.join(named(call, **keys) for call in calls)}]{closing}"


def pythonic(opening: str, closing: str, between: str = ", ") -> Callable[[Sequence[Call]], str]:
    def one(call: Call) -> str:
        return f"{call[0]}({', '.join(f'{key}={value!r}' for key, value in call[1].items())})"

    return lambda calls: f"{opening}{between.join(map(one, calls))}{closing}"


@dataclass(frozen=True)
class Writer:
    """``begins``: calls stand only where the answer begins. ``say`` writes an answer's text."""

    family: Family
    calls: Callable[[Sequence[Call]], str]
    begins: bool = False
    say: Callable[[str], str] = field(default=lambda text: text)

    @property
    def separate(self) -> bool:
        """Each call is whole by itself, where others write one list of all."""
        return self.family.name not in LISTS


LISTS = {
    "mistral-v3",
    "llama4",
    "command",
    "command-r",
    "lfm2",
    "olmo3",
    "nemotron",
    "phi-4",
    "granite",
    "functools",
    "jamba",
    "json",
}
WRITERS = [
    Writer(families.HERMES, hermes),
    Writer(families.QWEN_XML, qwen_xml),
    Writer(families.SEED, lambda calls: qwen_xml(calls).replace("tool_call>", "seed:tool_call>")),
    Writer(families.GLM, glm),
    Writer(families.DEEPSEEK_V3, deepseek_v3),
    Writer(families.DEEPSEEK_V31, deepseek_v31),
    Writer(families.DSML_V32, invoking("｜DSML｜function_calls", "｜DSML｜")),
    Writer(families.DSML_V4, invoking("｜DSML｜tool_calls", "｜DSML｜")),
    Writer(families.DSML_V41, invoking("｜DSML｜ calls", "｜DSML｜ ")),
    Writer(families.MINIMAX, invoking("minimax:tool_call", "", tells=False)),
    Writer(families.KIMI, kimi),
    Writer(families.KIMI_K3, kimi_k3),
    Writer(families.GEMMA4, gemma("<|tool_call>", '<|"|>', "<tool_call|>")),
    Writer(families.FUNCTION_GEMMA, gemma("<start_function_call>", "<escape>", "<end_function_call>")),
    Writer(
        families.HARMONY,
        harmony,
        say=lambda text: f"<|start|>assistant<|channel|>commentary<|message|>{text}<|end|>",
    ),
    Writer(
        families.GLIMMER,
        lambda calls: "<|eom|>".join(
            f"<|start|>assistant to={call[0]}<|message|>{invoking('atem:function_calls', 'atem:', tells=False)([call])}"
            for call in calls
        ),
        say=lambda text: f"<|start|>assistant to=user<|message|>{text}<|eom|>",
    ),
    Writer(families.MISTRAL_V3, listed("[TOOL_CALLS] ", "")),
    Writer(families.MISTRAL, lambda calls: "".join(f"[TOOL_CALLS]{name}[ARGS]{js(values)}" for name, values in calls)),
    Writer(
        families.LLAMA,
        lambda calls: "; ".join(named(call, arguments="parameters") for call in calls),
        begins=True,
    ),
    Writer(families.LLAMA4, pythonic("[", "]"), begins=True),
    Writer(
        families.COMMAND,
        listed("<|START_ACTION|>", "<|END_ACTION|>", name="tool_name", arguments="parameters"),
        say=lambda text: f"<|START_RESPONSE|>{text}<|END_RESPONSE|>",
    ),
    Writer(families.COMMAND_R, listed("Action: ```json\n", "\n```", name="tool_name", arguments="parameters")),
    Writer(families.LFM2, pythonic("<|tool_call_start|>[", "]<|tool_call_end|>")),
    Writer(families.LFM2, listed("<|tool_call_start|>", "<|tool_call_end|>")),
    Writer(families.OLMO3, pythonic("<function_calls>", "</function_calls>", between="\n")),
    Writer(families.NEMOTRON, listed("<TOOLCALL>", "</TOOLCALL>")),
    Writer(families.PHI4, listed("<|tool_call|>", "<|/tool_call|>")),
    Writer(families.GRANITE, listed("<|tool_call|>", "")),
    Writer(families.FUNCTOOLS, listed("functools", "")),
    Writer(families.JAMBA, listed("<tool_calls>", "</tool_calls>")),
    Writer(
        families.INTERNLM,
        lambda calls: "".join(f"<|action_start|><|plugin|>{named(call)}<|action_end|>" for call in calls),
    ),
    Writer(families.GENERIC, lambda calls: "\n".join(map(named, calls))),
    Writer(families.GENERIC, lambda calls: "".join(f"```json\n{named(call)}\n```" for call in calls)),
    Writer(families.GENERIC, hermes),
    Writer(families.JSON, listed("<toolcall>", "</toolcall>")),
]


@dataclass
class Whole:
    """An answer's texts and calls, joined."""

    text: str = ""
    thinking: str = ""
    calls: list[Call] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[Parsed]) -> Whole:
        whole = cls()
        for event in events:
            if isinstance(event, TextDelta):
                whole.text += event.text
            elif isinstance(event, ThinkingDelta):
                whole.thinking += event.text
            else:
                whole.calls.append((event.name, json.loads(event.arguments)))
        return whole


def parsed(
    family: Family, text: str, sizes: Iterable[int] = (), *, tools: Any = TOOLS, thinking_open: bool = False
) -> Whole:
    """The answer, fed in pieces of these sizes and then the rest."""
    parser = family.parser(tools=tools, thinking_open=thinking_open)
    events: list[Parsed] = []
    for size in sizes:
        events += parser.feed(text[:size])
        text = text[size:]
    return Whole.of([*events, *parser.feed(text), *parser.finish()])


def letter_by_letter(family: Family, text: str, **how: Any) -> Whole:
    return parsed(family, text, [1] * len(text), **how)


def in_pieces(family: Family, text: str, seed: int, **how: Any) -> Whole:
    chance = random.Random(seed)
    return parsed(family, text, [chance.randint(0, 9) for _ in text], **how)
