"""What single families' models do besides what all have to (test_families.py)."""

from __future__ import annotations

import pytest

from inference.chat.parsing import families
from inference.chat.parsing.family import Family
from tests.inference.chat.parsing.writing import Whole, letter_by_letter, parsed

BERN = ("weather", {"city": "Bern"})
NOW = ("now", {})
HARMONY_CALL = '<|channel|>commentary to=functions.weather <|constrain|>json<|message|>{"city": "Bern"}'

CASES: dict[str, tuple[Family, str, Whole]] = {
    "harmony: the recipient in the role's part": (
        families.HARMONY,
        ' to=functions.weather<|channel|>commentary json<|message|>{"city": "Bern"}<|call|>',
        Whole(calls=[BERN]),
    ),
    "harmony: analysis, preamble, call, answer": (
        families.HARMONY,
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>b<|end|>"
            f"<|start|>assistant{HARMONY_CALL}<|call|><|start|>assistant<|channel|>final<|message|>c<|return|>"
        ),
        Whole(thinking="a", text="bc", calls=[BERN]),
    ),
    "harmony: what is addressed to OpenAI's own tools is nobody's": (
        families.HARMONY,
        "<|channel|>analysis to=python code<|message|>print(1)<|end|><|start|>assistant<|channel|>final<|message|>c",
        Whole(text="c"),
    ),
    "harmony: an end mark in a text is text": (
        families.HARMONY,
        "<|channel|>final<|message|>It ends with <|end|> or <|call|>, then <|start|> again.",
        Whole(text="It ends with <|end|> or <|call|>, then <|start|> again."),
    ),
    "harmony: arguments that are no JSON are text": (
        families.HARMONY,
        "<|channel|>commentary to=functions.weather<|message|>{city}<|end|>",
        Whole(text="{city}"),
    ),
    "harmony: an answer without any header": (families.HARMONY, "Hello <b>", Whole(text="Hello <b>")),
    "harmony: an answer in a header": (families.HARMONY, "<|channel|>final {1}", Whole(text="final {1}")),
    "harmony: a header that is cut off is nothing": (families.HARMONY, "<|channel|>comm", Whole()),
    "harmony: a message that is not ended": (
        families.HARMONY,
        "<|channel|>analysis<|message|>a<|start|>assistant<|channel|>final<|message|>b",
        Whole(thinking="a", text="b"),
    ),
    "glimmer: a call to nobody is a call of a tool on offer": (
        families.GLIMMER,
        '<|message|><atem:function_calls>\n<atem:invoke name="now">\n</atem:invoke>\n</atem:function_calls><|eot|>',
        Whole(calls=[NOW]),
    ),
    "glimmer: a call of another tool is an answer": (
        families.GLIMMER,
        ' to=user<|message|><atem:function_calls>\n<atem:invoke name="x">\n</atem:invoke>\n</atem:function_calls>',
        Whole(text='<atem:function_calls>\n<atem:invoke name="x">\n</atem:invoke>\n</atem:function_calls>'),
    ),
    "glimmer: a thought, an answer, an end": (
        families.GLIMMER,
        " to=self<|message|>a<|eom|><|start|>assistant to=user<|message|>b<|eot|>",
        Whole(thinking="a", text="b"),
    ),
    "k3: values escape nothing, names do": (
        families.KIMI_K3,
        (
            '<|open|>tools<|sep|><|open|>call tool="weather" index="1"<|sep|>'
            '<|open|>argument key="q&amp;a" type="string"<|sep|>'
            "a & <|close|>argument<|sep|> b<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>"
        ),
        Whole(calls=[("weather", {"q&a": "a & <|close|>argument<|sep|> b"})]),
    ),
    "qwen: a function without the outer tag": (
        families.QWEN_XML,
        "<function=weather>\n<parameter=city>\nBern\n</parameter>\n</function>\n</tool_call>",
        Whole(calls=[BERN]),
    ),
    "qwen: JSON in the outer tag": (
        families.QWEN_XML,
        '<tool_call>{"name": "now", "arguments": {}}</tool_call>',
        Whole(calls=[NOW]),
    ),
    "qwen: a value that is not closed": (
        families.QWEN_XML,
        "<function=weather>\n<parameter=city>\nBern\n<parameter=days>\n2\n</function>",
        Whole(calls=[("weather", {"city": "Bern", "days": 2})]),
    ),
    "qwen: a value that tells of tags": (
        families.QWEN_XML,
        "<function=weather><parameter=city></parameter> and </function> and <parameter=x> a</parameter></function>",
        Whole(calls=[("weather", {"city": "</parameter> and </function> and <parameter=x> a"})]),
    ),
    "llama 3.1: JSON in a function's tag": (
        families.QWEN_XML,
        '<function=weather>{"city": "Bern"}</function>',
        Whole(calls=[BERN]),
    ),
    "glm: a value that tells of tags": (
        families.GLM,
        "<tool_call>weather<arg_key>city</arg_key><arg_value>a</arg_value> b</tool_call> c</arg_value></tool_call>",
        Whole(calls=[("weather", {"city": "a</arg_value> b</tool_call> c"})]),
    ),
    "mistral: an id, and none of it": (
        families.MISTRAL,
        '[TOOL_CALLS]weather[CALL_ID]abc123[ARGS]{"city": "Bern"}[TOOL_CALLS]now{}',
        Whole(calls=[BERN, NOW]),
    ),
    "mistral: words in brackets are text": (
        families.MISTRAL,
        "[TOOL_CALLS] not [x]",
        Whole(text="[TOOL_CALLS] not [x]"),
    ),
    "llama: behind its tag any tool is called": (
        families.LLAMA,
        'So: <|python_tag|>{"name": "other", "parameters": {}}',
        Whole(text="So: ", calls=[("other", {})]),
    ),
    "llama: JSON further on is an answer": (
        families.LLAMA,
        'It is {"name": "now", "parameters": {}}',
        Whole(text='It is {"name": "now", "parameters": {}}'),
    ),
    "llama: an answer in JSON": (families.LLAMA, '{"name": "Bern"}', Whole(text='{"name": "Bern"}')),
    "llama 4: within its tokens": (
        families.LLAMA4,
        "<|python_start|>[weather(city='Bern'), now()]<|python_end|>",
        Whole(calls=[BERN, NOW]),
    ),
    "llama 4: a list is an answer": (families.LLAMA4, "[1, now()]", Whole(text="[1, now()]")),
    "command: a text in its tokens": (
        families.COMMAND,
        "<|START_THINKING|>a<|END_THINKING|><|START_TEXT|>b<|END_TEXT|>",
        Whole(thinking="a", text="b"),
    ),
    "command r: to answer directly is no call": (
        families.COMMAND_R,
        'Action: ```json\n[{"tool_name": "directly_answer", "parameters": {}}]\n```',
        Whole(),
    ),
    "gemma: keys with blanks": (
        families.GEMMA4,
        '<|tool_call>call:now{a b:{c:[<|"|>}<|"|>,1]}}<tool_call|>',
        Whole(calls=[("now", {"a b": {"c": ["}", 1]}})]),
    ),
    "gemma: no arguments, no call": (
        families.GEMMA4,
        "<|tool_call>call:now<tool_call|>",
        Whole(text="<|tool_call>call:now<tool_call|>"),
    ),
    "deepseek: a section without calls in it is text": (
        families.DEEPSEEK_V3,
        "<｜tool▁calls▁begin｜>none<｜tool▁calls▁end｜>",
        Whole(text="<｜tool▁calls▁begin｜>none<｜tool▁calls▁end｜>"),
    ),
    "dsml: an invoke that closes itself": (
        families.DSML_V4,
        '<｜DSML｜tool_calls>\n<｜DSML｜invoke name="now"/>\n</｜DSML｜tool_calls>',
        Whole(calls=[NOW]),
    ),
    "kimi: noise in a section": (
        families.KIMI,
        (
            "<|tool_calls_section_begin|> so <|tool_call_begin|>now:0<|tool_call_argument_begin|>{}<|tool_call_end|> "
            "<|tool_calls_section_end|>"
        ),
        Whole(calls=[NOW]),
    ),
    "olmo: one on each line": (
        families.OLMO3,
        '<function_calls>weather(city="Bern")\nnow()</function_calls>',
        Whole(calls=[BERN, NOW]),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_answers_are_read_whole_and_letter_by_letter(case: str) -> None:
    family, text, whole = CASES[case]
    assert parsed(family, text) == whole
    assert letter_by_letter(family, text) == whole
