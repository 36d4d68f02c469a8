"""How many threads a decode should use on this machine."""

from __future__ import annotations

import os
from pathlib import Path

CPU_TOPOLOGY = Path("/sys/devices/system/cpu")
CGROUP_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")

# How often libgomp looks at a barrier before it sleeps. Its own choice is milliseconds: when others want a core too,
# each of a decode's thousand barriers then burns a time slice that the thread it waits for needs (one token of a 135M
# model: 500 to 1 000 ms on 2 busy cores). Sleeping at once costs a quarter of the speed of a quiet machine. Measured on
# 2 cores, tokens/s of one sequence, quiet and beside 4 busy processes: 100: 53, 11; 5 000: 73, 5; libgomp's own: 72, 0.
SPIN_COUNT = "5000"


def num_threads() -> int:
    """Physical cores this process may run on, less where a container's quota is smaller; 1 at least.

    Two threads on one core's siblings slow llama.cpp down: both wait for the same vector units.
    """
    allowed = _allowed_cpus()
    return max(1, min(len({_siblings(cpu) for cpu in allowed}), _quota(len(allowed))))


def limit_spinning() -> None:
    """Has to come before libgomp is loaded, which reads it once. What the environment says already stands."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)


def _allowed_cpus() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _siblings(cpu: int) -> str:
    try:
        return (CPU_TOPOLOGY / f"cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(cpu)


def _quota(default: int) -> int:
    """Linux cgroup v2, ``cpu.max``: microseconds of CPU per period, or ``max``."""
    try:
        quota, period = CGROUP_CPU_MAX.read_text().split()
        return max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):
        return default
