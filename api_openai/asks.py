"""From a typed body to what the engine is asked, for both inference endpoints."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace as dataclass_replace

from msgspec.structs import replace

from api_openai.body import DEFAULTS, Body
from api_openai.choices import Choices
from inference.options import SEED_MODULUS, ParsedOptions
from inference.request import Constraint, Prompt
from models_app import serving
from models_app.entries import ServedModel
from models_app.serving import Ask
from models_app.serving.answer_form import TEXT_FORM, AnswerForm
from power_site.http import BadRequest, ignored_options_header


def asks_for(
    body: Body,
    served: ServedModel,
    prompts: Sequence[Prompt],
    *,
    top_logprobs: int | None,
    form: AnswerForm = TEXT_FORM,
    constraint: Constraint | None = None,
) -> list[Ask]:
    """As many as the body has candidates for each prompt, in the order of their choice indices.

    An answer that fills the context ends there. ``constraint`` is what the answer has to be where it isn't a call.
    Raises InvalidOption, BadRequest.
    """
    options = serving.served_options(served, body.sampling(), defaults=DEFAULTS)
    ask = Ask(
        prompt=prompts[0],
        options=options,
        top_logprobs=top_logprobs,
        truncate=body.truncate,
        shift=False,
        keep_alive_seconds=body.kept_seconds,
        form=form,
        constraint=_with_grammar(constraint, options.grammar),
        user=body.account,
        metadata=body.labels,
    )
    if body.n_candidates == 1:
        return [dataclass_replace(ask, prompt=prompt) for prompt in prompts]
    groups = [(prompt, uuid.uuid4().hex) for prompt in prompts]
    return [
        dataclass_replace(ask, prompt=prompt, group=group, options=_for_choice(options, number))
        for prompt, group in groups
        for number in range(body.n_candidates)
    ]


def response_headers(ask: Ask, choices: Choices, *, unknown: Sequence[str] = ()) -> dict[str, str]:
    """``unknown``: fields of the request that nobody knows."""
    ignored = (*ask.options.ignored, *unknown)
    return {**ignored_options_header(ignored), **serving.truncation_header(choices.first.started)}


def _with_grammar(constraint: Constraint | None, grammar: str) -> Constraint | None:
    if constraint is not None and grammar:
        raise BadRequest('response_format and the option "grammar" exclude each other', field="response_format")
    return Constraint(kind="gbnf", text=grammar) if grammar else constraint


def _for_choice(options: ParsedOptions, number: int) -> ParsedOptions:
    """With one seed for all, ``n`` choices would be one answer n times."""
    if options.sampling.seed < 0 or number == 0:
        return options
    seed = (options.sampling.seed + number) % SEED_MODULUS
    return replace(options, sampling=replace(options.sampling, seed=seed))
