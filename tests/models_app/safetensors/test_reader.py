"""safetensors files that lie."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models_app.errors import InvalidCreate, UnsupportedModel
from models_app.safetensors.reader import tensors_read
from tests.safetensors_files import write_safetensors


def read(path: Path) -> Any:
    return tensors_read({path.name: path})


def write(path: Path, header: Any, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    tensor = np.arange(6, dtype=np.float32).reshape(2, 3)
    for dtype in ("F32", "F16", "BF16"):
        found = read(write_safetensors(tmp_path / f"{dtype}.safetensors", {"a": tensor, "b": tensor + 1}, dtype=dtype))
        np.testing.assert_array_equal(found["b"].rows(slice(None)), tensor + 1)


ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY | {"data_offsets": [0, 16]}, ENTRY | {"data_offsets": [4, 12]}, ENTRY | {"data_offsets": [-8, 0]},
        ENTRY | {"data_offsets": [8, 0]}, ENTRY | {"shape": [3]}, ENTRY | {"shape": [-1, -2]}, ENTRY | {"shape": [0]},
        ENTRY | {"shape": [2**40, 2**40]}, ENTRY | {"shape": [1] * 5}, ENTRY | {"shape": "2"}, {"dtype": "F32"}, 3,
    ],
)  # fmt: skip
def test_numbers_at_odds_with_the_file_are_refused(tmp_path: Path, entry: Any) -> None:
    with pytest.raises(InvalidCreate):
        read(write(tmp_path / "a.safetensors", {"a": entry}, bytes(8)))


def test_a_type_nobody_can_read_matters_only_where_it_is_needed(tmp_path: Path) -> None:
    header = {"a": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]}}
    found = read(write(tmp_path / "a.safetensors", header, bytes(8)))
    with pytest.raises(UnsupportedModel, match="tensors of type I64 can't be converted; supported are F32, F16, BF16"):
        found["a"].rows(slice(None))


def test_a_name_in_two_files_is_refused(tmp_path: Path) -> None:
    paths = {name: write(tmp_path / name, {"a": ENTRY}, bytes(8)) for name in ("a.safetensors", "b.safetensors")}
    with pytest.raises(InvalidCreate, match=r"b\.safetensors: the tensor a is there twice"):
        tensors_read(paths)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda data: struct.pack("<Q", len(data)) + data))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(data)
    try:
        read(path)
    except InvalidCreate:
        return
    assert data[8:].strip() == b"{}" or b"{" in data
