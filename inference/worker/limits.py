"""What a worker process may not do, set by itself before it reads anything: it will parse files from strangers."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import signal
import sys

from inference.worker.seccomp import forbid_network

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
OOM_SCORE_ADJ = 500

# What llama.cpp, its GPU drivers and Python's start read; everything else, keys and database addresses above all, stays
# behind. HOME is where the GPU drivers keep their compiled kernels: without it each load compiles them again.
_KEPT_NAMES = frozenset(
    {"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT"}
)
_KEPT_PREFIXES = ("CUDA_", "NVIDIA_", "HIP_", "ROCR_", "HSA_", "VK_", "GGML_", "LLAMA_", "OMP_", "GOMP_", "KMP_")


def apply_limits() -> None:
    """No core dump (it would hold prompts), no network, no new privileges, no life after the server, first for the OOM
    killer.

    Linux has all of these; elsewhere what is missing is skipped, and the end of the socket still ends the worker.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The server decides when a worker ends: Ctrl-C at its terminal, or a service manager's SIGTERM to the whole group,
    # must not cut the streams it still drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        forbid_network()
        _raise_oom_score()


def scrubbed(environ: dict[str, str]) -> dict[str, str]:
    """The part of an environment that a worker is given (S40)."""
    return {name: value for name, value in environ.items() if name in _KEPT_NAMES or name.startswith(_KEPT_PREFIXES)}


def _raise_oom_score() -> None:
    # Some containers mount /proc read-only; the kernel then weighs us like the server.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "r+") as score:
        if int(score.read()) < OOM_SCORE_ADJ:
            score.write(str(OOM_SCORE_ADJ))
