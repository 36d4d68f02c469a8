"""How much a constraint may cost. A request can ask for anything, and several of them cost minutes and gigabytes."""

from __future__ import annotations

from typing import Any

# A real schema of a large API has some tens of kilobytes.
MAX_BYTES = 256 << 10
# Up to this size, and without a word of ``RISKY``, a schema compiles in well under a tenth of a second.
MAX_TRUSTED_BYTES = 16 << 10

TRIAL_CPU_SECONDS = 1
TRIAL_WALL_SECONDS = 4.0
TRIAL_MEMORY_BYTES = 512 << 20

# CPU time that one mask may take on the decode thread, as the compiler's probe measures it.
MAX_MASK_SECONDS = 0.1
NUM_PROBED_TOKENS = 4

# Each may come to hold a full lexer.
CACHE_SIZE = 24


def parser_limits() -> dict[str, Any]:
    """Arguments of llguidance's LLParserLimits. Its own but for two: how many states a lexer may have (1–2 kB
    each, measured), and that an error names the grammar's own words rather than showing the parser's state."""
    return {"max_lexer_states": 20_000, "verbose_errors": False}
