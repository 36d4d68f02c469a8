"""A tool call that leaves is valid, whatever the model, the family's syntax, the tools and the sampling: the real
SmolLM2, which was taught no tools, with two hundred random schemas. And so is an answer held to a schema.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import openai
import pytest

from inference import ModelSpec
from inference.config import LoadOptions
from inference.engine.opening import llama_available, open_backend
from inference.engine.runner import Runner
from inference.events import Event, Failed, Finished, Started, TextDelta, ToolCall
from inference.request import Constraint, GenerateRequest, SamplingOptions, TextPrompt
from models_app.entries import ServedModel
from models_app.naming import ModelName
from models_app.serving.answer_form import AnswerForm, answer_form
from models_app.serving.tools import ToolChoice
from tests.conformance.conftest import MODEL
from tests.conformance.random_tools import Schema, ToolMaker
from tests.inference.chat.parsing.writing import WRITERS

pytestmark = [pytest.mark.slow, pytest.mark.real_model]

N_SCHEMAS = 200
N_AT_ONCE = 8
NUM_PREDICT = 40
# By their templates; the first knows no tools and is told of them in words.
TEMPLATES = [
    "{{ messages }}",
    "{{ tools }}<tool_call>",
    "{{ messages }}",
    "{{ tools }}<tool_call><function=<parameter=",
    "{{ tools }}<|python_tag|>",
    "{{ tools }}[TOOL_CALLS][ARGS]",
    "{{ messages }}",
    "{{ tools }}<tool_call><arg_key>",
    "{{ tools }}<|tool_call_start|>",
    "{{ tools }}<|tool_call>call:",
    "{{ tools }}<TOOLCALL>",
]
SAMPLINGS = [
    SamplingOptions(temperature=0.0),
    SamplingOptions(),
    SamplingOptions(temperature=1.5, top_k=0, top_p=1.0),
    SamplingOptions(temperature=1.0, repeat_penalty=1.3),
]


@dataclass(frozen=True, kw_only=True)
class Case:
    tools: list[Schema]
    arguments: dict[str, Any]
    form: AnswerForm
    choice: ToolChoice
    sampling: SamplingOptions

    @classmethod
    def of(cls, number: int, spec: ModelSpec) -> Case:
        maker = ToolMaker(number)
        tools, arguments = maker.tools()
        name = maker.chance.choice(list(arguments))
        choices = [ToolChoice(), ToolChoice(), ToolChoice(mode="required"), ToolChoice(mode="required", name=name)]
        template = TEMPLATES[number % len(TEMPLATES)]
        knows = ("tools",) if "tools" in template else ()
        served = ServedModel(
            name=ModelName.parse("m"), spec=spec, capabilities=("completion", *knows), chat_template=template
        )
        choice = maker.chance.choice(choices)
        parallel = maker.chance.random() < 0.5
        form = answer_form(served, tools=tools, choice=choice, parallel=parallel, generic=True)
        sampling = maker.chance.choice(SAMPLINGS)
        return cls(tools=tools, arguments=arguments, form=form, choice=choice, sampling=sampling)

    @property
    def request(self) -> GenerateRequest:
        """Where the call is up to the model, a talk that has had one in it, which even a small model goes on with."""
        write = next(writer.calls for writer in WRITERS if writer.family.name == self.form.family.name)
        name, arguments = next(iter(self.arguments.items()))
        turns = [f"<|im_start|>user\nCall {name}.<|im_end|>\n<|im_start|>assistant\n"]
        if self.choice.mode == "auto":
            again = (
                f"{write([(name, arguments)])}<|im_end|>\n<|im_start|>user\nAgain.<|im_end|>\n<|im_start|>assistant\n"
            )
            turns.append(again)
        return GenerateRequest(
            prompt=TextPrompt(text="".join(turns)),
            sampling=self.sampling,
            num_predict=NUM_PREDICT,
            constraint=self.form.held_to(None),
            lazy_constraint=self.form.lazy,
            preserved=self.form.preserved,
        )

    def schema(self, name: str) -> Schema:
        schema: Schema = next(tool["function"] for tool in self.tools if tool["function"]["name"] == name)["parameters"]
        return schema


class Engine:
    """The model in this process, and what it has published."""

    def __init__(self, spec: ModelSpec) -> None:
        options = LoadOptions(num_ctx=1024, num_parallel=N_AT_ONCE, num_threads=1, num_batch=512)
        self._runner = Runner(
            open_backend(spec, options, kind="llama", on_progress=lambda fraction: None),
            options=options,
            publish=self._take,
        )
        self._events: defaultdict[int, list[Event]] = defaultdict(list)
        self._ended = threading.Condition()
        self._n_ended = 0
        self._n_submitted = 0
        self._runner.start()

    def close(self) -> None:
        self._runner.close()

    def _take(self, published: list[tuple[int, Event]]) -> None:
        with self._ended:
            for number, event in published:
                self._events[number].append(event)
                self._n_ended += isinstance(event, Finished | Failed)
            self._ended.notify()

    def answers(self, requests: list[GenerateRequest]) -> list[list[Event]]:
        first = self._n_submitted
        for request in requests:
            self._runner.submit(self._n_submitted, request)
            self._n_submitted += 1
        with self._ended:
            assert self._ended.wait_for(lambda: self._n_ended == self._n_submitted, timeout=600)
        return [self._events.pop(number) for number in range(first, self._n_submitted)]


@pytest.fixture(scope="module")
def spec(smollm2_path: Path) -> ModelSpec:
    if not llama_available():
        pytest.skip("llama-cpp-python is not installed")
    return ModelSpec(
        name="smollm2:135m",
        digest="0" * 64,
        model_path=str(smollm2_path),
        size_bytes=smollm2_path.stat().st_size,
        n_ctx_train=8192,
        kv_bytes_per_token=23040,
    )


@pytest.fixture(scope="module")
def engine(spec: ModelSpec) -> Iterator[Engine]:
    engine = Engine(spec)
    yield engine
    engine.close()


def checked(case: Case, events: list[Event]) -> str:
    """What came of it, in a word."""
    started, finished = events[0], events[-1]
    assert isinstance(started, Started), started
    assert isinstance(finished, Finished), finished
    reader = case.form.reader(started)
    assert reader is not None
    calls = [event for event in reader.read(events) if isinstance(event, ToolCall)]
    for call in calls:
        jsonschema.validate(json.loads(call.arguments), case.schema(call.name))
        assert case.choice.name in ("", call.name)
    assert len(calls) <= 1 or case.form.parallel
    if case.choice.mode == "required":
        assert calls or finished.reason == "length", case
    mode = case.choice.mode if not case.choice.name else "named"
    return f"{mode}: {'calls' if calls else finished.reason}"


@pytest.mark.timeout(1600)
def test_every_call_that_leaves_is_valid_or_the_answer_says_that_it_was_cut(engine: Engine, spec: ModelSpec) -> None:
    seen: Counter[str] = Counter()
    for first in range(0, N_SCHEMAS, N_AT_ONCE):
        cases = [Case.of(number, spec) for number in range(first, first + N_AT_ONCE)]
        for case, events in zip(cases, engine.answers([case.request for case in cases]), strict=True):
            seen[checked(case, events)] += 1
    # What the model was never asked for proves nothing.
    assert all(seen[f"{mode}: calls"] >= N_SCHEMAS / 20 for mode in ("auto", "required", "named")), seen


@pytest.mark.timeout(1600)
def test_every_answer_held_to_a_schema_is_an_instance_or_says_that_it_was_cut(engine: Engine) -> None:
    schemas = [ToolMaker(1000 + number).schema() for number in range(N_SCHEMAS // 5)]
    requests = [
        GenerateRequest(
            prompt=TextPrompt(text="<|im_start|>user\nAnswer in JSON.<|im_end|>\n<|im_start|>assistant\n"),
            sampling=SAMPLINGS[number % len(SAMPLINGS)],
            num_predict=NUM_PREDICT,
            constraint=Constraint(kind="json_schema", text=json.dumps(schema)),
        )
        for number, schema in enumerate(schemas)
    ]
    n_whole = 0
    for schema, events in zip(schemas, engine.answers(requests), strict=True):
        finished = events[-1]
        assert isinstance(finished, Finished), finished
        if finished.reason == "stop":
            text = "".join(event.text for event in events if isinstance(event, TextDelta))
            jsonschema.validate(json.loads(text), schema)
            n_whole += 1
        assert finished.reason in ("stop", "length")
    assert n_whole >= len(schemas) / 4


class Asked:
    """A request to /v1/chat/completions, and what was made of its answer: streamed or not, the same."""

    def __init__(self, sdk: openai.OpenAI, *, stream: bool, **body: Any) -> None:
        asked = {
            "model": MODEL,
            "max_tokens": NUM_PREDICT,
            "messages": [{"role": "user", "content": "Answer."}],
            **body,
        }
        self.content = ""
        self.calls: dict[int, list[str]] = defaultdict(lambda: ["", ""])
        if not stream:
            choice = sdk.chat.completions.create(**asked).choices[0]
            self.content = choice.message.content or ""
            for number, call in enumerate(choice.message.tool_calls or []):
                self.calls[number] = [call.function.name, call.function.arguments]
            self.finish_reason = choice.finish_reason
            return
        for chunk in sdk.chat.completions.create(**asked, stream=True):
            for choice in chunk.choices:
                self.content += choice.delta.content or ""
                for call in choice.delta.tool_calls or []:
                    self.calls[call.index][0] += call.function.name or ""
                    self.calls[call.index][1] += call.function.arguments or ""
                self.finish_reason = choice.finish_reason or ""


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("choice", ["auto", "required"])
def test_the_same_over_http(sdk: openai.OpenAI, choice: str, stream: bool) -> None:
    for number in range(3):
        tools, _ = ToolMaker(2000 + number).tools()
        asked = Asked(sdk, stream=stream, tools=tools, tool_choice=choice, temperature=1.5, parallel_tool_calls=False)
        schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tools}
        for name, arguments in asked.calls.values():
            jsonschema.validate(json.loads(arguments), schemas[name])
        assert len(asked.calls) <= 1
        assert asked.finish_reason in ("tool_calls" if asked.calls else "stop", "length")
        assert asked.calls or choice == "auto" or asked.finish_reason == "length"


@pytest.mark.parametrize("stream", [False, True])
def test_strict_output_over_http(sdk: openai.OpenAI, stream: bool) -> None:
    for number in range(3):
        schema = ToolMaker(3000 + number).schema()
        wanted = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
        asked = Asked(sdk, stream=stream, response_format=wanted, temperature=1.5)
        if asked.finish_reason == "stop":
            jsonschema.validate(json.loads(asked.content), schema)
        else:
            assert asked.finish_reason == "length"


def test_beside_a_format_an_answer_is_that_or_a_call(sdk: openai.OpenAI) -> None:
    schema = {"type": "object", "properties": {"x": {"enum": [1, 2]}}, "required": ["x"], "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    for number in range(4):
        tools, _ = ToolMaker(4000 + number).tools()
        asked = Asked(
            sdk, stream=False, response_format=wanted, tools=tools, temperature=1.5, parallel_tool_calls=False
        )
        if asked.finish_reason == "stop":
            jsonschema.validate(json.loads(asked.content), schema)
        else:
            assert asked.finish_reason in ("tool_calls", "length")
            assert not asked.content or asked.finish_reason == "length"


def test_a_strict_tool_that_can_not_be_kept_to_is_named(sdk: openai.OpenAI) -> None:
    parameters = {"type": "object", "properties": {"x": {"type": "integer", "not": {"const": 3}}}}
    tools = [{"type": "function", "function": {"name": "count", "strict": True, "parameters": parameters}}]
    with pytest.raises(openai.BadRequestError, match=r'the tool \\*"count'):
        Asked(sdk, stream=False, tools=tools)
