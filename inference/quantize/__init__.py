"""Rewrites a GGUF file's weights as another type, in a process of its own.

    job = QuantizeJob(source=..., destination=..., file_type="Q4_K_M")
    finished = quantize_file(job, on_progress=..., cancelled=...)

llama.cpp reads files from strangers and ends its process over some of them: never the server's.
"""

from inference.quantize.job import COPY, FILE_TYPES, QuantizeJob
from inference.quantize.process import quantize_file

__all__ = ["COPY", "FILE_TYPES", "QuantizeJob", "quantize_file"]
