"""The parent's side of a quantization."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from inference.child import child_run
from inference.engine.opening import llama_available
from inference.errors import BackendNotAvailable, QuantizeFailed
from inference.quantize.job import QuantizeJob

CHILD = "inference.quantize.child"


def quantize_file(job: QuantizeJob, *, on_progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> bool:
    """Whether it was finished rather than cancelled. Sync, for minutes; see ``child_run`` for its thread.

    ``on_progress(done, total)`` counts tensors. Raises QuantizeFailed, BackendNotAvailable. What is in ``destination``
    afterwards is whole only where this is True.
    """
    if not llama_available():
        raise BackendNotAvailable
    end = child_run(CHILD, msgspec.json.encode(job), on_progress=on_progress, cancelled=cancelled)
    if end.failed:
        raise QuantizeFailed(end.sentence or end.words)
    return not end.cancelled
