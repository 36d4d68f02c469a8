"""api_anthropic.messages.signature: thoughts that come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_anthropic.messages.signature import signed, thoughts


@given(st.text())
def test_thoughts_that_were_not_shown_are_in_the_signature(text: str) -> None:
    assert thoughts("", signed(text, shown=False)) == text


@pytest.mark.parametrize("signature", ["", "EqoBCkgIAR", "power-t1.%%%", "power-t1.Zg", signed("x", shown=True)])
def test_another_signature_says_nothing(signature: str) -> None:
    assert thoughts("", signature) == ""
    assert thoughts("seen", signature) == "seen"
