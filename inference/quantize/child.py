"""The child process: one job from standard input, ``done total`` lines on standard output, and an exit status.

Counts are tensors, taken from llama.cpp's own log (``[  12/ 272]``), the one place that tells them.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from typing import Any

import msgspec

from inference.quantize.job import COPY, FILE_TYPES, QuantizeJob
from inference.worker.limits import apply_limits

_COUNT = re.compile(rb"^\[\s*(\d+)/\s*(\d+)\]")
REFUSED = 3
"""The exit status of a job that llama.cpp declined."""


def main() -> int:
    apply_limits()
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=QuantizeJob)
    import llama_cpp.llama_cpp as lib  # after the limits: its loader runs code of many files

    @lib.llama_log_callback  # type: ignore[untyped-decorator]
    def log(level: int, text: bytes, user_data: Any) -> None:
        found = _COUNT.match(text)
        if found:
            os.write(1, b"%s %s\n" % found.groups())

    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    lib.llama_log_set(log, ctypes.c_void_p(0))
    lib.llama_backend_init()
    params = lib.llama_model_quantize_default_params()
    params.nthread = job.num_threads
    params.keep_split = False
    if job.file_type == COPY:
        params.only_copy = True
    else:
        params.ftype = FILE_TYPES[job.file_type]
    status = lib.llama_model_quantize(job.source.encode(), job.destination.encode(), ctypes.byref(params))
    return REFUSED if status else 0


if __name__ == "__main__":
    sys.exit(main())
