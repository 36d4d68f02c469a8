"""Asks the policy for a plan and carries it out: serve, load, evict, refuse. The event loop's thread."""

from __future__ import annotations

from inference.config import PoolConfig
from inference.errors import CircuitOpen, ModelTooLarge
from inference.pool import memory, policy
from inference.pool.lifecycle import Lifecycle
from inference.pool.observer import PoolObserver
from inference.pool.policy import Demand
from inference.pool.waiting import Group, WaitingRoom


class Dispatcher:
    """Brings those who wait together with the models. ``dispatch`` after every change; nothing happens without one."""

    def __init__(
        self, config: PoolConfig, *, waiting: WaitingRoom, lifecycle: Lifecycle, observer: PoolObserver
    ) -> None:
        self._max_loaded = max(1, config.max_loaded_models)
        self._waiting = waiting
        self._lifecycle = lifecycle
        self._models = lifecycle.models
        self._observer = observer

    def dispatch(self) -> None:
        self._refuse_broken()
        groups = self._waiting.groups
        if groups:
            self._carry_out(groups)
        for model in list(self._models.values()):
            if model.idle:
                self._lifecycle.rest(model)

    def _carry_out(self, groups: list[Group]) -> None:
        available = self._available_bytes(groups)
        plan = policy.plan(
            [self._demand(group) for group in groups],
            [model.view() for model in self._models.values()],
            max_loaded=self._max_loaded,
            available_bytes=available,
        )
        for index in plan.serve:
            self._serve(groups[index])
        for index in plan.refuse:
            self._refuse_too_large(groups[index], available)
        for digest, reason in plan.evict:
            self._lifecycle.evict(self._models[digest], reason)
        for index in plan.start:
            self._lifecycle.start(groups[index].spec, groups[index].options)

    def _demand(self, group: Group) -> Demand:
        digest = group.spec.digest
        unknown = digest in self._models or memory.may_offload(group.options)
        required = 0 if unknown else memory.least_bytes(group.spec, group.options)
        alone = self._lifecycle.is_retrying(digest)
        return Demand(spec=group.spec, options=group.options, required_bytes=required, alone=alone)

    def _available_bytes(self, groups: list[Group]) -> float:
        # Reading /proc costs more than the rest of a plan: only for those that would load something.
        if all(group.spec.digest in self._models for group in groups):
            return float("inf")
        return self._lifecycle.available_bytes()

    def _serve(self, group: Group) -> None:
        model = self._models[group.spec.digest]
        model.disarm()
        self._waiting.discard(group)
        for ticket in group.tickets:
            if not ticket.granted.done():
                ticket.model = model
                model.users.add(ticket)
                if ticket.keep_alive_seconds is not None:
                    model.keep_alive_seconds = ticket.keep_alive_seconds
                ticket.granted.set_result(None)

    def _refuse_broken(self) -> None:
        for group in self._waiting.groups:
            seconds = self._lifecycle.retry_after_seconds(group.spec.digest)
            if seconds is not None and group.spec.digest not in self._models:
                self._waiting.discard(group)
                group.fail(CircuitOpen(retry_after_seconds=seconds))

    def _refuse_too_large(self, group: Group, available: float) -> None:
        required = memory.least_bytes(group.spec, group.options)
        self._waiting.discard(group)
        self._observer.load_failed(group.spec.name, ModelTooLarge.__name__)
        group.fail(ModelTooLarge(required_bytes=required, available_bytes=max(0, int(available))))
