"""Each of these starts a process."""

from __future__ import annotations

import json
import time

import pytest

from inference.constrain import trial
from inference.errors import InvalidConstraint

PATTERNS = {"allOf": [{"type": "string", "pattern": f".*[a-z]{{{n}}}.*"} for n in range(1, 51)]}


def test_a_grammar_that_compiles_comes_back_in_llguidances_form() -> None:
    assert trial.try_grammar("gbnf", 'root ::= "a"')["lark_grammar"].strip().endswith('start: "a"')
    assert trial.try_grammar("json_schema", '{"type": "string", "pattern": "a"}')["json_schema"]["pattern"] == "a"


def test_what_can_not_be_compiled_is_refused_with_the_reason() -> None:
    with pytest.raises(InvalidConstraint, match="look-behind"):
        trial.try_grammar("json_schema", '{"type": "string", "pattern": "(?<=x)a"}')


def test_a_schema_that_explodes_is_stopped() -> None:
    begun_at = time.monotonic()
    with pytest.raises(InvalidConstraint, match="too much time"):
        trial.try_grammar("json_schema", json.dumps(PATTERNS))
    assert time.monotonic() - begun_at < 2 * trial.TRIAL_WALL_SECONDS


def test_a_trial_that_waits_for_the_processor_is_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "TRIAL_WALL_SECONDS", 0.3)
    monkeypatch.setattr(trial, "TRIAL_CPU_SECONDS", 60)
    with pytest.raises(InvalidConstraint, match="too long"):
        trial.try_grammar("json_schema", json.dumps(PATTERNS))


def test_a_trial_has_its_bound_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "TRIAL_MEMORY_BYTES", 40 << 20)
    monkeypatch.setattr(trial, "TRIAL_CPU_SECONDS", 60)
    trial.try_grammar("json_schema", '{"type": "integer", "multipleOf": 11}')
    with pytest.raises(InvalidConstraint, match="memory"):
        trial.try_grammar("json_schema", '{"type": "integer", "multipleOf": 99991}')
