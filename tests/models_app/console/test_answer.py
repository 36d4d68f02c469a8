from __future__ import annotations

from models_app.console.answer import Timings


def test_the_lines_of_verbose_are_those_of_ollama() -> None:
    timings = Timings(
        total_seconds=2.5, load_seconds=0.25, n_prompt=20, prompt_seconds=0.5, n_generated=90, decode_seconds=1.5
    )
    assert timings.lines().splitlines() == [
        "total duration:       2.50s",
        "load duration:        250.0ms",
        "prompt eval count:    20 token(s)",
        "prompt eval duration: 500.0ms",
        "prompt eval rate:     40.00 tokens/s",
        "eval count:           90 token(s)",
        "eval duration:        1.50s",
        "eval rate:            60.00 tokens/s",
    ]


def test_what_was_not_measured_is_left_out() -> None:
    assert (
        Timings(total_seconds=1.0, n_prompt=3).lines()
        == "total duration:       1.00s\nprompt eval count:    3 token(s)\n"
    )
