"""Constraints that begin within an answer: free text up to what opens a call, and the call's grammar from there.

While the text is free no mask is computed: what is looked at is the end of the text, and that for a few patterns. A
token may hold the last of an opening and more than the grammar allows behind it; then it is taken back, and what is
left of the opening is put in the model's mouth instead.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Sequence

from inference.constrain import Matcher, Speller
from inference.constrain.matcher import Allowed
from inference.request import Opening

logger = logging.getLogger("inference.lazy")

# How much text an opening may be long. It holds a name, and white space that a model may have made a habit of.
MAX_OPENING_BYTES = 1024


class _Openings:
    """The patterns, over the bytes of a text."""

    def __init__(self, openings: Sequence[Opening]) -> None:
        self._of_start = [_compiled(opening) for opening in openings if opening.at_start]
        self._anywhere = [_compiled(opening) for opening in openings if not opening.at_start]

    def find(self, text: bytes, *, is_start: bool) -> tuple[int, bytes] | None:
        """Where the first one ends, and what of the grammar it stands for."""
        found = [(match, begins) for pattern, begins in self._anywhere if (match := pattern.search(text))]
        if is_start:
            found += [(match, begins) for pattern, begins in self._of_start if (match := pattern.match(text))]
        if not found:
            return None
        match, begins = min(found, key=lambda each: each[0].start())
        return match.end(), match.expand(begins)


class LazyMatcher:
    """One answer's; on the decode thread. ``beginning`` is a matcher at the grammar's beginning, and stays there."""

    def __init__(self, openings: Sequence[Opening], beginning: Matcher, spell: Speller, *, once: bool = False) -> None:
        self._openings = _Openings(openings)
        self._beginning = beginning
        self._spell = spell
        self._once = once
        self._seen = b""
        self._is_start = True
        self._holding: Matcher | None = None
        self._forced: deque[int] = deque()
        self._n_unheld = 0
        self.is_complete = False

    @property
    def is_holding(self) -> bool:
        return self._holding is not None

    def allowed(self) -> Allowed | None:
        """None where any token may come next. Raises InvalidConstraint."""
        return None if self._holding is None else self._holding.allowed()

    def take_forced(self) -> int | None:
        """A token that is left of an opening, in place of a sampled one."""
        return self._forced.popleft() if self._forced else None

    def admit(self, token: int, piece: bytes, text: bytes) -> int:
        """``token`` was sampled or forced, its text is ``piece``, and ``text`` what stands in the answer since it came.

        Returns the token to be taken: this one, unless it goes beyond what it may. Raises InvalidConstraint.
        """
        if self._n_unheld:
            self._n_unheld -= 1
        elif self._holding is None:
            return self._look(token, piece, text)
        else:
            self._hold(self._holding, token)
        return token

    def _hold(self, holding: Matcher, token: int) -> None:
        holding.accept(token)
        if holding.is_complete:
            self._holding = None
            self.is_complete = self._once

    def _look(self, token: int, piece: bytes, text: bytes) -> int:
        self._seen += text
        found = self._openings.find(self._seen, is_start=self._is_start)
        if found is None:
            self._is_start &= len(self._seen) <= MAX_OPENING_BYTES
            self._seen = self._seen[-MAX_OPENING_BYTES:]
            return token
        end, begins = found
        behind = self._seen[end:]
        self._seen, self._is_start = b"", False
        self._holding = self._begun(begins, behind)
        if self._holding is not None or not behind:
            return token
        return self._without(token, piece, begins, len(behind))

    def _without(self, token: int, piece: bytes, begins: bytes, n_behind: int) -> int:
        """What of ``token`` belongs to the opening, as tokens of its own."""
        opening = self._spell(piece[:-n_behind]) if n_behind < len(piece) else None
        holding = self._begun(begins, b"")
        if not opening or holding is None:
            logger.warning("a call could not be held to its grammar from its beginning")
            return token
        self._holding = holding
        self._forced.extend(opening[1:])
        self._n_unheld = len(opening) - 1
        return opening[0]

    def _begun(self, begins: bytes, behind: bytes) -> Matcher | None:
        """At the place behind both; None where the grammar does not allow that, or nobody can spell it."""
        tokens = [self._spell(begins), self._spell(behind)]
        return None if None in tokens else self._beginning.begun([each for part in tokens for each in part or ()])


def _compiled(opening: Opening) -> tuple[re.Pattern[bytes], bytes]:
    return re.compile(opening.pattern.encode()), opening.begins.encode()
