"""Every block of a request, whatever stands in it: for what has to be known before the blocks are read one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# A document in the result of a tool has blocks of its own. Deeper than this nothing is taken anyhow.
_DEPTH = 4


def blocks_within(content: Any, *, depth: int = _DEPTH) -> Iterator[dict[str, Any]]:
    if not isinstance(content, list) or not depth:
        return
    for block in content:
        if isinstance(block, dict):
            yield block
            yield from blocks_within(block.get("content"), depth=depth - 1)
            source = block.get("source")
            if isinstance(source, dict):
                yield from blocks_within(source.get("content"), depth=depth - 1)
