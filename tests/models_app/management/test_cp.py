from __future__ import annotations

import json

import pytest
from django.core.management import CommandError

from models_app.selectors import model_get
from tests.models_app.management.conftest import Call


def test_a_copy_is_the_same_model_under_another_name(call: Call, tiny: str) -> None:
    assert call("cp", tiny, "mine") == "copied 'tiny:1b' to 'mine'\n"
    assert model_get("mine").digest == model_get(tiny).digest


def test_json_names_both(call: Call, tiny: str) -> None:
    assert json.loads(call("cp", tiny, "mine", "--json")) == {"source": "tiny:1b", "destination": "mine"}


def test_an_unknown_source_is_an_error(call: Call, tiny: str) -> None:
    with pytest.raises(CommandError, match="'nope' not found"):
        call("cp", "nope", "mine")
