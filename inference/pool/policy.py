"""Who is loaded, who is evicted for whom, who waits. Pure: looks at a snapshot, names what to do, does nothing.

The pool asks after every change and acts on the answer; asking twice without a change gives the same answer. Demands
come in the order of their first request, and the rules keep that order fair:

- a request for a resident model is served at once, unless an older one waits for that model to go (it is *held*);
- a model that is not resident takes a free place, or that of the idle model used longest ago, or holds the busy model
  used longest ago until it is idle;
- a model whose options differ in what only a load can change is loaded again once it is idle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from inference.config import LoadOptions
from inference.engine.cells import context_length
from inference.spec import ModelSpec

State = Literal["loading", "ready", "stopping"]
EvictReason = Literal["expired", "unloaded", "place", "memory", "reload", "shutdown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Requests that wait for one model with one set of options.

    ``required_bytes`` is the least it can be loaded with; ``alone``: it is loaded only once those that leave are gone.
    """

    spec: ModelSpec
    options: LoadOptions
    required_bytes: float = 0
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentView:
    """``last_used`` on any one clock; ``size_bytes`` come back when it is evicted."""

    digest: str
    options: LoadOptions
    state: State
    n_ctx: int = 0
    n_in_flight: int = 0
    last_used: float = 0.0
    size_bytes: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Indexes into the demands to ``serve``, ``start`` or ``refuse`` (too large for an empty pool); the
    digests to ``evict`` with the reason; the digests that take no new requests because an older one waits for them."""

    serve: tuple[int, ...] = ()
    start: tuple[int, ...] = ()
    refuse: tuple[int, ...] = ()
    evict: tuple[tuple[str, EvictReason], ...] = ()
    held: frozenset[str] = frozenset()


def needs_reload(loaded: ResidentView, demand: Demand) -> bool:
    """Whether only another load can serve the demand.

    A shorter context than the loaded one is served as it is; automatic values never ask for a load (Ollama's rule,
    server/sched.go, needsReload); how many cells the pool found memory for is not the caller's business.
    """
    if context_length(demand.spec, demand.options) > loaded.n_ctx and demand.options.num_ctx:
        return True
    return any(
        getattr(demand.options, field) != getattr(loaded.options, field)
        and getattr(demand.options, field) not in automatic
        for field, automatic in _FIXED_BY_LOAD.items()
    )


_FIXED_BY_LOAD: dict[str, tuple[object, ...]] = {
    "num_parallel": (),
    "num_batch": (),
    "num_threads": (0,),
    "gpu_layers": (-1,),
    "main_gpu": (),
    "tensor_split": ((),),
    "kv_cache_type": (),
    "flash_attention": ("auto",),
    "kv_layout": ("auto",),
    "use_mmap": (),
}


def plan(
    demands: Sequence[Demand], residents: Sequence[ResidentView], *, max_loaded: int, available_bytes: float
) -> Plan:
    """What to do now. ``available_bytes`` is the memory that a new load may take while all residents stay."""
    planner = _Planner(residents, max_loaded=max_loaded, available_bytes=available_bytes)
    for index, demand in enumerate(demands):
        planner.consider(index, demand)
    return planner.plan()


class _Planner:
    """The state of one call of ``plan``: what the demands before this one have already claimed."""

    def __init__(self, residents: Sequence[ResidentView], *, max_loaded: int, available_bytes: float) -> None:
        self._residents = {each.digest: each for each in residents}
        self._n_free = max_loaded - len(residents)
        self._n_leaving = sum(each.state == "stopping" for each in residents)
        self._available_bytes = available_bytes
        self._serve: list[int] = []
        self._start: list[int] = []
        self._refuse: list[int] = []
        self._evict: dict[str, EvictReason] = {}
        self._held: set[str] = set()
        self._starting: set[str] = set()
        self._served: set[str] = set()

    def plan(self) -> Plan:
        return Plan(
            serve=tuple(self._serve),
            start=tuple(self._start),
            refuse=tuple(self._refuse),
            evict=tuple(self._evict.items()),
            held=frozenset(self._held),
        )

    def consider(self, index: int, demand: Demand) -> None:
        resident = self._residents.get(demand.spec.digest)
        if resident is not None:
            self._consider_resident(index, demand, resident)
        elif demand.spec.digest not in self._starting:
            self._consider_absent(index, demand)

    def _consider_resident(self, index: int, demand: Demand, resident: ResidentView) -> None:
        if not self._unclaimed(resident):
            return
        if not needs_reload(resident, demand):
            self._serve.append(index)
            self._served.add(resident.digest)
        elif self._idle(resident):
            self._evict[resident.digest] = "reload"
        else:
            self._held.add(resident.digest)

    def _consider_absent(self, index: int, demand: Demand) -> None:
        if demand.required_bytes > self._available_bytes + sum(each.size_bytes for each in self._residents.values()):
            self._refuse.append(index)
        elif self._n_free <= 0:
            self._make_place()
        elif demand.required_bytes > self._available_bytes:
            self._make_room(demand.required_bytes - self._available_bytes)
        elif not (demand.alone and self._n_leaving):
            self._start.append(index)
            self._starting.add(demand.spec.digest)
            self._n_free -= 1
            self._available_bytes -= demand.required_bytes

    def _make_place(self) -> None:
        """One model less: one that leaves already, else the idle one or the busy one used longest ago."""
        if self._n_leaving > 0:
            self._n_leaving -= 1
        elif idle := self._candidates(idle=True):
            self._evict[idle[0].digest] = "place"
        elif busy := self._candidates(idle=False):
            self._held.add(busy[0].digest)

    def _make_room(self, missing_bytes: float) -> None:
        """As many idle models less as it takes, and if those are not enough, the busy one used longest ago."""
        missing_bytes -= sum(each.size_bytes for each in self._residents.values() if self._leaves(each))
        for each in self._candidates(idle=True):
            if missing_bytes <= 0:
                return
            self._evict[each.digest] = "memory"
            missing_bytes -= each.size_bytes
        if missing_bytes > 0 and not self._held and (busy := self._candidates(idle=False)):
            self._held.add(busy[0].digest)

    def _candidates(self, *, idle: bool) -> list[ResidentView]:
        unclaimed = [each for each in self._residents.values() if self._unclaimed(each) and self._idle(each) == idle]
        return sorted(unclaimed, key=lambda each: each.last_used)

    def _idle(self, resident: ResidentView) -> bool:
        return resident.n_in_flight == 0 and resident.digest not in self._served

    def _leaves(self, resident: ResidentView) -> bool:
        return resident.state == "stopping" or resident.digest in self._evict

    def _unclaimed(self, resident: ResidentView) -> bool:
        return resident.state == "ready" and resident.digest not in self._held and resident.digest not in self._evict
