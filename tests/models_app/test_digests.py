"""A digest has one spelling, and nothing else becomes one."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.digests import Digest
from models_app.errors import InvalidDigest

HEX = "0123456789abcdef" * 4


def test_the_text_form_is_read_back() -> None:
    digest = Digest.parse(f"sha256:{HEX}")
    assert (digest.hex, str(digest), digest.filename) == (HEX, f"sha256:{HEX}", f"sha256-{HEX}")


def test_bytes_have_their_sha256() -> None:
    assert Digest.of(b"abc").hex == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    "value",
    ["sha256:../../../../etc/passwd", f"sha256:{HEX[:-1]}", f"sha256:{HEX[:-1]}g", f"sha256:{HEX.upper()}",
     f"sha512:{HEX}", f"sha256-{HEX}", f"sha256:{HEX}\n", f"sha256:{HEX[:-1]}\n", "sha256:" + "a" * 1_000_000, "",
     "sha256:", f"sha256-{HEX}%2f..", None, 7, b"sha256", [HEX], "sha256:" + "０" * 64],
)  # fmt: skip
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(InvalidDigest, match=r"^invalid digest format$"):
        Digest.parse(value)


@pytest.mark.parametrize("value", [HEX.upper(), HEX + "0", "", None, f"{HEX}\n"])
def test_the_constructor_checks_too(value: str) -> None:
    with pytest.raises(InvalidDigest):
        Digest(value)


@given(st.text())
def test_no_other_text_is_a_digest(text: str) -> None:
    with pytest.raises(InvalidDigest):
        Digest.parse(f"sha256:{text}" if len(text) != 64 else text)
