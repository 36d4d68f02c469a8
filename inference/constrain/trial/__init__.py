"""Compiling a constraint in a process that can be stopped: llguidance has no deadline of its own.

A constraint that passes is compiled again in the worker, which takes as long as it took here: a second at most.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from inference.constrain.limits import TRIAL_CPU_SECONDS, TRIAL_MEMORY_BYTES, TRIAL_WALL_SECONDS, parser_limits
from inference.constrain.schema import OPTIONS
from inference.errors import InvalidConstraint

Grammar = dict[str, Any]

PROGRAM = Path(__file__).with_name("program.py")


class TrialTimedOut(InvalidConstraint):
    """By the clock: the machine was busy, perhaps, and the next try may fare better."""


def try_grammar(kind: str, text: str) -> Grammar:
    """The constraint in llguidance's form. Raises InvalidConstraint, after TRIAL_WALL_SECONDS at the latest."""
    order = {
        "kind": kind,
        "text": text,
        "options": OPTIONS,
        "limits": parser_limits(),
        "cpu_seconds": TRIAL_CPU_SECONDS,
        "memory_bytes": TRIAL_MEMORY_BYTES,
    }
    try:
        process = subprocess.run(  # noqa: S603 - our own interpreter and program
            # No site-packages of its own accord: looking through them takes longer than most trials.
            [sys.executable, "-S", str(PROGRAM)],
            input=json.dumps(order),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            timeout=TRIAL_WALL_SECONDS,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TrialTimedOut(kind, "it takes too long to compile") from None
    if process.returncode != 0:
        raise InvalidConstraint(kind, "it takes too much time or memory to compile")
    answer = json.loads(process.stdout)
    if "error" in answer:
        raise InvalidConstraint(kind, answer["error"])
    return answer["grammar"]  # type: ignore[no-any-return]


@cache
def _environment() -> dict[str, str]:
    spec = find_spec("llguidance")
    assert spec is not None, "a dependency of this package"
    assert spec.origin is not None, "it is a package of files"
    environment = {"PYTHONPATH": str(Path(spec.origin).parents[1])}
    if "LD_LIBRARY_PATH" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return environment
