"""Requests the pool has let in: how many for each model, and which of them still wait to be served."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from inference.config import LoadOptions
from inference.errors import InferenceError, ServerBusy
from inference.events import Failed
from inference.mailbox import Mailbox
from inference.pool.model import Model
from inference.spec import ModelSpec


@dataclass(slots=True, eq=False, kw_only=True)
class Ticket:
    """One request, from its admission to its end. ``granted`` resolves when ``model`` is there to serve it."""

    spec: ModelSpec
    options: LoadOptions
    keep_alive_seconds: float | None
    granted: asyncio.Future[None]
    admitted_at: float
    load_seconds: float = 0.0
    model: Model | None = None
    mailbox: Mailbox | None = None
    request_id: int = 0
    released: bool = False

    @property
    def started(self) -> bool:
        return self.mailbox is not None and self.mailbox.started is not None


@dataclass(slots=True, eq=False)
class Group:
    """Waiting requests for one model with the same options: they are served, or fail, together."""

    spec: ModelSpec
    options: LoadOptions
    tickets: list[Ticket] = field(default_factory=list)

    def fail(self, error: InferenceError) -> None:
        for ticket in self.tickets:
            if not ticket.granted.done():
                # A copy for each: a traceback grows on every raise of the same one.
                ticket.granted.set_exception(Failed.of(error).exception())


class WaitingRoom:
    """Groups in the order of their first request."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, LoadOptions], Group] = {}
        self._n_admitted: Counter[str] = Counter()

    @property
    def groups(self) -> list[Group]:
        return list(self._groups.values())

    def admit(self, digest: str, *, limit: int) -> None:
        """Counts one more request in, waiting or generating. Raises ServerBusy beyond ``limit``."""
        if self._n_admitted[digest] >= limit:
            raise ServerBusy
        self._n_admitted[digest] += 1

    def dismiss(self, digest: str) -> None:
        self._n_admitted[digest] -= 1
        if not self._n_admitted[digest]:
            del self._n_admitted[digest]

    def add(self, ticket: Ticket) -> None:
        key = (ticket.spec.digest, ticket.options)
        self._groups.setdefault(key, Group(ticket.spec, ticket.options)).tickets.append(ticket)

    def remove(self, ticket: Ticket) -> None:
        """Nothing happens when it does not wait (any more)."""
        group = self._groups.get((ticket.spec.digest, ticket.options))
        if group is not None and ticket in group.tickets:
            group.tickets.remove(ticket)
            if not group.tickets:
                self.discard(group)

    def discard(self, group: Group) -> None:
        self._groups.pop((group.spec.digest, group.options), None)

    def fail(self, digest: str, error: InferenceError, *, options: LoadOptions | None = None) -> None:
        """Every group of one model gets the error, or only the one with these options."""
        for group in self.groups:
            if group.spec.digest == digest and options in (None, group.options):
                self.discard(group)
                group.fail(error)

    def n_waiting(self, digest: str) -> int:
        return sum(len(group.tickets) for group in self.groups if group.spec.digest == digest)
