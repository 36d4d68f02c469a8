"""The child process of a quantization (see ``inference.child``).

Counts are tensors, taken from llama.cpp's own log (``[  12/ 272]``), the one place that tells them.
"""

from __future__ import annotations

import ctypes
import os
import re
from typing import Any

import msgspec

from inference.child import child_begin, child_decline, child_tell
from inference.quantize.job import COPY, FILE_TYPES, QuantizeJob

_COUNT = re.compile(rb"^\[\s*(\d+)/\s*(\d+)\]")


def main() -> None:
    job = msgspec.json.decode(child_begin(), type=QuantizeJob)
    import llama_cpp.llama_cpp as lib  # after the limits: its loader runs code of many files

    @lib.llama_log_callback  # type: ignore[untyped-decorator]
    def log(level: int, text: bytes, user_data: Any) -> None:
        found = _COUNT.match(text)
        if found:
            child_tell(int(found[1]), int(found[2]))

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
    if lib.llama_model_quantize(job.source.encode(), job.destination.encode(), ctypes.byref(params)):
        child_decline("llama.cpp declined it: the file is damaged, or its architecture or type is unknown")


if __name__ == "__main__":
    main()
