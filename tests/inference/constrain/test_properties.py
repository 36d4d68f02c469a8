"""Whatever a schema's matcher lets through is an instance of the schema, as jsonschema sees it."""

from __future__ import annotations

import json
import random

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inference.constrain.schemas import SCHEMAS, Schema
from tests.inference.constrain.support import compiler, schema, wander


@settings(max_examples=30, deadline=None, database=None)
@given(SCHEMAS, st.randoms(use_true_random=False))
def test_any_answer_that_is_allowed_is_an_instance(wanted: Schema, chance: random.Random) -> None:
    text = wander(compiler().matcher(schema(wanted)), chance)
    assert text is not None, "it never ends"
    jsonschema.validate(json.loads(text), wanted, format_checker=jsonschema.FormatChecker())
