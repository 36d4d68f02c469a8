"""What comes of an EmbedRequest, put together from the events of the worker. The event loop's thread."""

from __future__ import annotations

from dataclasses import dataclass

from inference.errors import ShuttingDown
from inference.events import Embedded, Started
from inference.mailbox import Mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """``vectors`` in the order of the inputs, each float32 numbers, little-endian. ``started`` counts the tokens of all
    inputs together.

    ``load_seconds`` is what the request waited for its model, 0.0 when that was resident.
    """

    vectors: tuple[bytes, ...]
    started: Started
    load_seconds: float


async def collect(mailbox: Mailbox, *, n_inputs: int) -> tuple[tuple[bytes, ...], Started]:
    """The vectors, and what was known before them. Raises the InferenceError of a Failed."""
    started = await mailbox.wait_started()
    found: dict[int, bytes] = {}
    while events := await mailbox.get():
        for event in events:
            if isinstance(event, Embedded):
                found.update(split(event))
    if len(found) < n_inputs:
        raise ShuttingDown  # nothing else ends a request early without saying why
    return tuple(found[index] for index in range(n_inputs)), started


def split(event: Embedded) -> dict[int, bytes]:
    """Each input's index and its vector: all are of one length."""
    size = len(event.data) // len(event.indexes)
    return {index: event.data[i * size : (i + 1) * size] for i, index in enumerate(event.indexes)}
