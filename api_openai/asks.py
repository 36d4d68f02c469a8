"""From a typed body to what the engine is asked, for both inference endpoints."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from api_openai.body import DEFAULTS, Body
from api_openai.choices import Choices
from inference.options import SEED_MODULUS, ParsedOptions
from inference.request import Prompt
from models_app import serving
from models_app.entries import ServedModel
from models_app.serving import Ask
from power_site.http import ignored_options_header


def asks_for(body: Body, served: ServedModel, prompts: Sequence[Prompt], *, top_logprobs: int | None) -> list[Ask]:
    """``n`` for each prompt, in the order of their choice indices. Raises InvalidOption, BadRequest."""
    options = serving.served_options(served, body.sampling(), defaults=DEFAULTS)
    keep_alive = None if body.keep_alive is None else serving.keep_alive_seconds(body.keep_alive)
    return [
        Ask(
            prompt=prompt,
            options=_for_choice(options, number),
            top_logprobs=top_logprobs,
            keep_alive_seconds=keep_alive,
        )
        for prompt in prompts
        for number in range(body.n)
    ]


def response_headers(ask: Ask, choices: Choices) -> dict[str, str]:
    return {**ignored_options_header(ask.options.ignored), **serving.truncation_header(choices.first.started)}


def _for_choice(options: ParsedOptions, number: int) -> ParsedOptions:
    """With one seed for all, ``n`` choices would be one answer n times."""
    if options.sampling.seed < 0 or number == 0:
        return options
    seed = (options.sampling.seed + number) % SEED_MODULUS
    return replace(options, sampling=replace(options.sampling, seed=seed))
