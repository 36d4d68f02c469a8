from __future__ import annotations

from pathlib import Path

import pytest

from models_app.console.formats import FormatError, answer_format


def test_json_is_a_word() -> None:
    assert answer_format("json") == "json"


def test_a_schema_may_be_given_as_it_is_or_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text('{"type": "object"}')
    assert answer_format('{"type": "object"}') == answer_format(str(path)) == {"type": "object"}


@pytest.mark.parametrize("text", ["yaml", "{", "[1]", "", "no/such/file"])
def test_anything_else_is_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormatError):
        answer_format(text)


def test_a_file_that_holds_no_object_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text("[1, 2]")
    with pytest.raises(FormatError, match="object"):
        answer_format(str(path))
