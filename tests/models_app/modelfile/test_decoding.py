"""A Modelfile's bytes as text."""

from __future__ import annotations

import codecs

import pytest

from models_app.modelfile import modelfile_decode

TEXT = "FROM test\n\tSYSTEM 你好👋"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
    ids=["plain", "utf-8 with a mark", "little endian", "big endian"],
)
def test_the_byte_order_mark_tells_the_encoding(data: bytes) -> None:
    assert modelfile_decode(data) == TEXT


def test_what_is_no_text_is_replaced() -> None:
    assert modelfile_decode(b"FROM \xffx\0") == "FROM �x"
