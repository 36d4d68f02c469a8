"""What the child process is told. It runs with nothing imported but this."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

# llama.h's enum llama_ftype, by the names that Ollama and llama.cpp print. Left out are those that need an importance
# matrix, which a create has none of.
FILE_TYPES: Final = {
    "F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q5_0": 8, "Q5_1": 9, "Q2_K": 10, "Q3_K_S": 11, "Q3_K_M": 12,
    "Q3_K_L": 13, "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18, "IQ4_NL": 25, "IQ3_S": 26,
    "IQ3_M": 27, "IQ4_XS": 30, "BF16": 32, "TQ1_0": 36, "TQ2_0": 37,
}  # fmt: skip
COPY: Final = "COPY"
"""Takes the tensors over as they are; the parts of a split file become one."""


class QuantizeJob(Struct, frozen=True, kw_only=True):
    """Paths of files; ``destination`` is made. ``file_type`` is a name of FILE_TYPES or COPY; 0 threads: all cores."""

    source: str
    destination: str
    file_type: str
    num_threads: int = 0
