"""What a Modelfile means."""

from __future__ import annotations

from typing import Any

import pytest

from models_app.errors import InvalidModelfile
from models_app.modelfile import modelfile_parse, recipe_read
from models_app.modelfile.recipe import Recipe


def recipe(*lines: str) -> Recipe:
    return recipe_read(modelfile_parse("\n".join(["FROM foo", *lines])))


def test_the_last_of_a_kind_counts_and_lists_collect() -> None:
    read = recipe(
        "SYSTEM one", "SYSTEM two", "LICENSE MIT", "LICENSE Apache", "ADAPTER a", "ADAPTER b", "FROM ./mmproj.gguf",
        "PARAMETER stop <a>", "PARAMETER temperature 1", "PARAMETER stop <b>", "PARAMETER temperature 0.5",
    )  # fmt: skip
    assert read == Recipe(
        sources=("foo", "./mmproj.gguf"),
        adapters=("a", "b"),
        system="two",
        licenses=("MIT", "Apache"),
        parameters={"stop": ["<a>", "<b>"], "temperature": 0.5},
    )


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("num_ctx 4096", 4096), ("seed -1", -1), ("temperature 1.0", 1.0), ("top_p 1", 1.0), ("use_mmap false", False),
        ("use_mmap T", True), ("num_predict 10", 10), ("stop 1", ["1"]), ("num_thread 2", 2), ("mirostat 1", 1),
    ],
)  # fmt: skip
def test_parameters_have_the_type_of_their_option(line: str, value: Any) -> None:
    (found,) = recipe(f"PARAMETER {line}").parameters.values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("tempature 1", "unknown parameter 'tempature'"),
        ("temperature warm", "invalid float value [warm]"),
        ("temperature nan", "invalid float value [nan]"),
        ("num_ctx 4k", "invalid int value [4k]"),
        ("num_ctx 1.5", "invalid int value [1.5]"),
        ("use_mmap maybe", "invalid bool value [maybe]"),
        ("logit_bias {}", "invalid map value [{}]"),
        ("top_p 7", 'option "top_p" must be between 0 and 1'),
    ],
)
def test_parameters_that_make_no_sense_are_refused(line: str, message: str) -> None:
    with pytest.raises(InvalidModelfile) as caught:
        recipe(f"PARAMETER {line}")
    assert str(caught.value) == message


def test_parameters_of_the_past_are_named_and_dropped() -> None:
    read = recipe("PARAMETER low_vram true", "PARAMETER low_vram true", "PARAMETER top_k 3", "PARAMETER numa 1")
    assert read.parameters == {"top_k": 3}
    assert read.ignored_parameters == ("low_vram", "numa")


@pytest.mark.parametrize(("text", "version"), [("0.14.0", "0.14.0"), ("v0.14.0", "0.14.0"), ("1", "1")])
def test_requires_is_a_version(text: str, version: str) -> None:
    assert recipe(f"REQUIRES {text}").requires == version


def test_requires_that_is_no_version_is_refused() -> None:
    with pytest.raises(InvalidModelfile, match=r"requires must be a valid semver \(e\.g\. 0\.14\.0\)"):
        recipe("REQUIRES the newest")
