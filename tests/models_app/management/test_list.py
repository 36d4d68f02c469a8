from __future__ import annotations

import json
from pathlib import Path

import pytest

from models_app.services.copy import model_copy
from tests.models_app.management.conftest import Call


def test_the_list_has_a_line_for_each_model(call: Call, tiny: str) -> None:
    header, line = call("list").splitlines()
    assert header.split() == ["NAME", "ID", "SIZE", "MODIFIED"]
    name, digest, *_ = line.split()
    assert (name, len(digest)) == (tiny, 12)
    assert line.endswith(" ago")


def test_ls_is_list(call: Call, tiny: str) -> None:
    assert call("ls").split()[:5] == call("list").split()[:5]


def test_an_empty_catalog_is_an_empty_table(call: Call, home: Path, db: None) -> None:
    assert call("list").split() == ["NAME", "ID", "SIZE", "MODIFIED"]


def test_a_prefix_chooses_whatever_its_case(call: Call, tiny: str) -> None:
    model_copy(source=tiny, destination="other:1b")
    assert "other" not in call("list", "TIN")
    assert "tiny" in call("list", "TIN")


@pytest.mark.usefixtures("tiny")
def test_json_is_what_api_tags_says(call: Call) -> None:
    (model,) = json.loads(call("list", "--json"))["models"]
    assert model["name"] == "tiny:1b"
    assert len(model["digest"]) == 64
    assert model["details"]["family"] == "llama"
