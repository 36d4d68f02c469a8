from __future__ import annotations

import msgspec

from inference.errors import CircuitOpen, InvalidOption, ModelFailed, PromptTooLong, TemplateError
from inference.events import Event, Failed


def test_an_error_crosses_to_the_other_side_as_it_was() -> None:
    for error in (
        PromptTooLong(n_prompt=9, n_ctx=4),
        InvalidOption("top_k", "top_k must be positive"),
        CircuitOpen(retry_after_seconds=1.5),
        TemplateError("bad"),
    ):
        crossed = msgspec.msgpack.decode(msgspec.msgpack.encode(Failed.of(error)), type=Event)
        assert isinstance(crossed, Failed)
        rebuilt = crossed.exception()
        assert type(rebuilt) is type(error)
        assert str(rebuilt) == str(error)
        assert vars(rebuilt) == vars(error)


def test_an_error_of_a_package_of_its_own_crosses_as_the_nearest_that_both_sides_know() -> None:
    class BrokenSomewhere(TemplateError):
        pass

    crossed = Failed.of(BrokenSomewhere("line 3")).exception()
    assert type(crossed) is TemplateError
    assert str(crossed) == "line 3"


def test_a_name_that_is_no_inference_error_builds_nothing_else() -> None:
    for name in ("SystemExit", "annotations", "Exception", "__builtins__"):
        assert type(Failed(name, "said so").exception()) is ModelFailed
