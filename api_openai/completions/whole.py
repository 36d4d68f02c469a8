"""text_completion, whole: the answers, the best of several where that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api_openai.completions.body import CompletionBody
from api_openai.completions.logprobs import LogprobsWriter, joined
from api_openai.identity import Identity, usage
from inference.events import TokenLogprob
from models_app.serving.answers import Answer


def text_completion(
    identity: Identity, body: CompletionBody, candidates: Sequence[Answer], echoes: Sequence[str]
) -> dict[str, Any]:
    """``candidates`` prompt by prompt, and one of ``echoes`` for each prompt. Every candidate counts."""
    per_prompt = body.n_candidates
    choices = []
    for number, echo in enumerate(echoes):
        of_prompt = candidates[number * per_prompt : (number + 1) * per_prompt]
        # The same for all: only one of them was asked.
        prompt = next((answer.prompt_logprobs for answer in of_prompt if answer.prompt_logprobs), ())
        chosen = likeliest(of_prompt, body.n) if body.chooses else of_prompt
        choices += [_choice(answer, prompt, echo, shows=body.logprobs is not None) for answer in chosen]
    return {
        **identity.head("text_completion"),
        "choices": [{"index": index, **choice} for index, choice in enumerate(choices)],
        "usage": usage({index: each.finished for index, each in enumerate(candidates)}, per_prompt=per_prompt),
    }


def likeliest(candidates: Sequence[Answer], n: int) -> list[Answer]:
    """The ``n`` whose tokens the model finds likeliest on the average, the best first; an empty answer comes last."""
    return sorted(candidates, key=_mean_logprob, reverse=True)[:n]


def _mean_logprob(answer: Answer) -> float:
    found = answer.logprobs
    return sum(one.logprob for one in found) / len(found) if found else float("-inf")


def _choice(answer: Answer, prompt: Sequence[TokenLogprob], echo: str, *, shows: bool) -> dict[str, Any]:
    writer = LogprobsWriter()
    writer.echo(echo)
    shown = joined(writer.prompt(prompt, echo), writer.answer(answer.logprobs)) if shows else None
    return {"text": echo + answer.text, "logprobs": shown, "finish_reason": answer.finished.reason}
