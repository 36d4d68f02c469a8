"""What a catalog may say of its names while requests to change them are answered, refused, or cut off by a crash."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterable

# Digests of manifests; None is for a name that isn't there.
Digests = frozenset[str | None]
ABSENT: Digests = frozenset({None})


def full_name(name: str) -> str:
    return name if ":" in name else f"{name}:latest"


class Answer(enum.Enum):
    DONE = enum.auto()
    NOT_FOUND = enum.auto()
    NONE = enum.auto()  # whoever would have answered was killed


class Ledger:
    """A name has one owner: a thread that waits for each answer. Owners may share a ledger, not a name."""

    def __init__(self, names: Iterable[str], catalog: dict[str, str]) -> None:
        self.any: Digests = frozenset(catalog.values())
        self.answers: Counter[tuple[str, Answer]] = Counter()
        self._may_be: dict[str, Digests] = {name: frozenset({catalog.get(name)}) for name in names}

    def of(self, name: str) -> Digests:
        return self._may_be[name]

    def change(self, what: str, name: str, becomes: Digests, ask: Callable[[], Answer]) -> Answer:
        """``ask`` asks for ``name`` to be one of ``becomes``; until that is answered it may be so or as before."""
        before = self._may_be[name]
        self._may_be[name] = before | becomes
        answer = ask()
        if answer is Answer.DONE:
            self._may_be[name] = becomes
        elif answer is Answer.NOT_FOUND:
            # To a deletion it says that the name is not there, to a copy that its source is not.
            self._may_be[name] = before & ABSENT if becomes == ABSENT else before
            assert self._may_be[name], f"{name} is not found, but its last change was acknowledged"
        self.answers[what, answer] += 1
        return answer

    def hear(self, told: Iterable[dict[str, str | None]]) -> None:
        """What store_driver.py told of its work; it begins with one thing when it has ended the one before."""
        for line in told:
            name = next(full_name(line[key] or "") for key in ("begin", "end") if key in line)
            if "end" in line:
                self._may_be[name] = frozenset({line["digest"]})
                self.answers["driver", Answer.DONE] += 1
            else:
                self._may_be[name] |= self.any | ABSENT

    def settle(self, catalog: dict[str, str]) -> None:
        """Holds the catalog against what was acknowledged; what was doubtful is known from here on."""
        for name, may_be in self._may_be.items():
            assert catalog.get(name) in may_be, f"an acknowledged change of {name} is lost"
            self._may_be[name] = frozenset({catalog.get(name)})
