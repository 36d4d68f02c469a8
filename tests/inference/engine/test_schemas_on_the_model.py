"""Schemas made by hypothesis, answered by the real model: every answer that ends is an instance of its schema."""

from __future__ import annotations

import json
import time
from itertools import count

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from inference.constrain import Compiler
from inference.engine.backend import Backend
from inference.engine.constraints import matcher_for, new_compiler
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.events import Event, Finished, TextDelta
from inference.request import Constraint, GenerateRequest, SamplingOptions, TextPrompt
from tests.inference.constrain.schemas import SCHEMAS, Schema

pytestmark = [pytest.mark.slow, pytest.mark.real_model]

N_EXAMPLES = 15
AT_ONCE = 3
PROMPT = "<|im_start|>user\nAnswer in JSON.<|im_end|>\n<|im_start|>assistant\n"
SAMPLINGS = st.sampled_from(
    [
        SamplingOptions(temperature=0),
        SamplingOptions(),
        SamplingOptions(temperature=3.0, top_k=0, top_p=1.0),
        SamplingOptions(mirostat=2),
    ]
)


@pytest.fixture(scope="module")
def compiler(loaded_smollm2: Backend) -> Compiler:
    return new_compiler(loaded_smollm2)


def answers(backend: Backend, compiler: Compiler, requests: list[GenerateRequest]) -> list[tuple[str, Finished]]:
    """All of them at once, in one batch."""
    scheduler = Scheduler(backend, num_parallel=AT_ONCE, clock=time.monotonic)
    tokens = backend.tokenize(PROMPT, add_special=False, parse_special=True)
    numbers = count()
    for request in requests:
        number = next(numbers)
        matcher = matcher_for(compiler, request, None)
        sampler = backend.new_sampler(request.sampling, tokens)
        scheduler.add(
            Sequence(number, request, tokens, sampler=sampler, arrival=number, submitted_at=0.0, matcher=matcher)
        )
    events: list[tuple[int, Event]] = []
    while not scheduler.is_idle:
        step = scheduler.schedule()
        if step is not None:
            backend.decode(step.batch)
            scheduler.complete(step)
        events += scheduler.take_events()
    return [_answer(events, number) for number in range(len(requests))]


def _answer(events: list[tuple[int, Event]], number: int) -> tuple[str, Finished]:
    own = [event for request_id, event in events if request_id == number]
    assert isinstance(own[-1], Finished), own[-1]
    return "".join(event.text for event in own if isinstance(event, TextDelta)), own[-1]


@settings(
    max_examples=N_EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # shrinking would take the afternoon
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(SCHEMAS, SAMPLINGS), min_size=AT_ONCE, max_size=AT_ONCE))
@pytest.mark.timeout(600)
def test_whatever_the_model_answers_is_an_instance(
    smollm2: Backend, compiler: Compiler, wanted: list[tuple[Schema, SamplingOptions]]
) -> None:
    for seq_id in range(smollm2.info.n_seq_max):
        smollm2.seq_rm(seq_id, -1, -1)
    requests = [
        GenerateRequest(
            prompt=TextPrompt(text=PROMPT),
            sampling=sampling,
            num_predict=60,
            constraint=Constraint(kind="json_schema", text=json.dumps(schema)),
        )
        for schema, sampling in wanted
    ]
    for (schema, _), (text, finished) in zip(wanted, answers(smollm2, compiler, requests), strict=True):
        if finished.reason == "stop":
            jsonschema.validate(json.loads(text), schema, format_checker=jsonschema.FormatChecker())
