"""The line that an answer leaves in the log for the accounts."""

from __future__ import annotations

import logging

import pytest

from models_app.serving.account import NOBODY, Account
from tests.generations import STARTED


def lines(caplog: pytest.LogCaptureFixture, account: Account) -> list[str]:
    with caplog.at_level(logging.INFO, logger="power.usage"):
        account.note("m:latest", STARTED, n_generated=5)
    return [record.getMessage() for record in caplog.records]


def test_who_asked_and_why_stand_beside_the_tokens(caplog: pytest.LogCaptureFixture) -> None:
    account = Account(user="a1", metadata={"team": "x"})
    assert lines(caplog, account) == ['model=m:latest input=7 cached=3 output=5 user="a1" metadata={"team":"x"}']


def test_a_label_can_not_look_like_a_line(caplog: pytest.LogCaptureFixture) -> None:
    (line,) = lines(caplog, Account(user='a" output=9\nb'))
    assert line.endswith('user="a\\" output=9\\nb" metadata={}')


def test_who_says_nothing_leaves_no_line(caplog: pytest.LogCaptureFixture) -> None:
    assert lines(caplog, NOBODY) == []
