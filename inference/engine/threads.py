"""How many threads a decode should use on this machine."""

from __future__ import annotations

import os
from pathlib import Path

CPU_TOPOLOGY = Path("/sys/devices/system/cpu")
CGROUP_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")

# How often libgomp looks at a barrier before it sleeps. Its own choice (300 000) is longer than a time slice: where
# others want a core too, each of a decode's thousand barriers burns the slice that the thread it waits for needs.
# Sleeping at once costs a quarter of a quiet machine's speed. Measured on 2 cores, tokens/s of a 135M model, one
# sequence: 100: 53 quiet, 11 beside four busy processes; 5 000: 73, 5; 10 000: 4 beside them; 300 000: 72, under 1.
# Ten thousand looks are half a millisecond: longer than what the server's process takes a core for, once a token.
SPIN_COUNT = "10000"


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
