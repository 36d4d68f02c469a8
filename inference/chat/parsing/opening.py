"""How a call begins in a family's text: patterns, and the beginnings of the family's grammar that they stand for."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import msgspec

from inference.request import Opening

# Where a pattern says this, it means any of the tools' names.
NAMES = "<names>"


def behind_marker(marker: str) -> Opening:
    """The marker wherever it stands; the family's grammar begins with it."""
    return Opening(pattern=re.escape(marker), begins=_template(marker))


def standing_for(text: str, begins: str) -> Opening:
    """``text`` wherever it stands, as what the grammar calls ``begins``."""
    return Opening(pattern=re.escape(text), begins=_template(begins))


def with_names(opening: Opening, names: Sequence[str]) -> Opening:
    """For the tools of a request. A name stands in a pattern as it does in JSON."""
    if NAMES not in opening.pattern:
        return opening
    # The longest first: none of them is mistaken for another that it begins with.
    spelled = sorted((json.dumps(name, ensure_ascii=False)[1:-1] for name in names), key=len, reverse=True)
    known = f"({'|'.join(map(re.escape, spelled))})"
    return msgspec.structs.replace(opening, pattern=opening.pattern.replace(NAMES, known))


def _template(text: str) -> str:
    return text.replace("\\", "\\\\")
