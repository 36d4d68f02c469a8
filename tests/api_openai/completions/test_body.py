"""A legacy completion's request: what of it counts and what is refused."""

from __future__ import annotations

import pytest

from api_openai.completions.body import CompletionBody, refuse_unsupported
from power_site.http import BadRequest, convert


def test_best_of_and_suffix_are_refused() -> None:
    for fields in ({"best_of": 3}, {"suffix": "x"}):
        with pytest.raises(BadRequest):
            refuse_unsupported({"model": "m", "prompt": "x", **fields})


def test_zero_logprobs_of_a_completion_are_the_chosen_tokens_alone() -> None:
    assert convert({"model": "m", "logprobs": 0}, CompletionBody).wanted_logprobs == 0
    assert convert({"model": "m"}, CompletionBody).wanted_logprobs is None
