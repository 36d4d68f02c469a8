"""A copy is another name of the same manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models_app import selectors
from models_app.entries import ModelEntry
from models_app.errors import InvalidModelName, ModelNotFound
from models_app.models import Manifest
from models_app.services.copy import model_copy
from tests.gguf_files import write_tiny_gguf

Pull = Callable[..., ModelEntry]


def test_a_copy_is_the_same_model_under_another_name(pull: Pull, tiny_gguf: Path) -> None:
    entry = pull(tiny_gguf, "m")
    model_copy(source="M", destination="team/Other:1")
    copy = selectors.model_get("team/other:1")
    assert (copy.digest, copy.name.short, copy.source) == (entry.digest, "team/Other:1", "file")


def test_a_copy_over_a_name_frees_what_it_had(pull: Pull, tmp_path: Path) -> None:
    entry = pull(write_tiny_gguf(tmp_path / "1.gguf", seed=1), "a")
    pull(write_tiny_gguf(tmp_path / "2.gguf", seed=2), "b")
    model_copy(source="a", destination="b")
    assert selectors.model_get("b").digest == entry.digest
    assert Manifest.objects.count() == 1


def test_a_copy_onto_itself_changes_nothing(pull: Pull, tiny_gguf: Path) -> None:
    entry = pull(tiny_gguf, "m")
    model_copy(source="m", destination="M")
    assert selectors.model_get("m").digest == entry.digest


@pytest.mark.parametrize(
    ("source", "destination", "error"),
    [("nope", "x", ModelNotFound), ("m", "../x", InvalidModelName), ("", "x", InvalidModelName),
     ("m", "x:cloud", InvalidModelName), ("m:cloud", "x", ModelNotFound)],
)  # fmt: skip
def test_what_cannot_be_copied_is_refused(
    pull: Pull, tiny_gguf: Path, source: str, destination: str, error: type[Exception]
) -> None:
    pull(tiny_gguf, "m")
    with pytest.raises(error):
        model_copy(source=source, destination=destination)
    assert [entry.name.short for entry in selectors.model_list()] == ["m:latest"]
