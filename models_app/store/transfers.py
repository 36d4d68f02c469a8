"""Brings one layer of a source into the blob store: once for all who want it, from where the last try ended.

The lock of a transfer is a file lock, so that threads and processes wait for each other; who waits shows the other's
progress. When a holder gives up or dies, the next one goes on with its bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from models_app.errors import InvalidSource, NotEnoughSpace, SourceUnavailable, TransferCancelled
from models_app.manifests import MODEL_TYPE
from models_app.progress import LayerProgress, OnProgress
from models_app.sources.base import Body, LayerPlan, Source
from models_app.store import blobs, partials
from models_app.store.blobs import StoredBlob
from models_app.store.lock import file_lock
from models_app.store.partials import Partial

# Tries in a row without real progress, and the waits between them: 0.5, 1, 2, 4 s.
MAX_TRIES = 5
FIRST_WAIT_SECONDS = 0.5
# This much in one try counts as real progress: a huge file over a poor line may be cut off many times.
PROGRESS_BYTES = 64 << 20

Cancelled = Callable[[], bool]


def layer_transfer(source: Source, layer: LayerPlan, *, on_progress: OnProgress, cancelled: Cancelled) -> StoredBlob:
    """The layer's blob, verified. Sync, any thread.

    Raises SourceError (DigestMismatch among them), NotEnoughSpace, TransferCancelled; the last keeps what has come.
    """
    progress = LayerProgress(digest=str(layer.key), on_progress=on_progress)
    since = time.time()
    stored = _stored(layer)
    if stored is None:
        with file_lock(partials.lock_path(layer.key), wait=lambda: _wait(layer, progress, cancelled)):
            stored = _stored(layer) or partials.finished_since(layer.key, since)
            stored = stored or _transfer(source, layer, progress, cancelled)
            partials.lock_path(layer.key).unlink(missing_ok=True)
    progress.report(stored.size_bytes, stored.size_bytes)
    return stored


def _stored(layer: LayerPlan) -> StoredBlob | None:
    size_bytes = blobs.blob_size(layer.digest) if layer.digest else None
    if size_bytes is None or layer.digest is None or size_bytes != (layer.size_bytes or size_bytes):
        return None
    return StoredBlob(digest=layer.digest, size_bytes=size_bytes)


def _wait(layer: LayerPlan, progress: LayerProgress, cancelled: Cancelled) -> bool:
    if cancelled():
        raise TransferCancelled
    state = partials.read_state(layer.key)
    progress.report(state.offset, state.total)
    return True


def _transfer(source: Source, layer: LayerPlan, progress: LayerProgress, cancelled: Cancelled) -> StoredBlob:
    with Partial(layer.key) as partial:
        try:
            if not partial.is_whole:
                _fetch_all(source, layer, partial, progress, cancelled)
            return partial.publish(expected=layer.digest, origin=source.origin)
        except NotEnoughSpace:
            # What was written would only keep the disk full.
            partial.discard()
            raise


def _fetch_all(
    source: Source, layer: LayerPlan, partial: Partial, progress: LayerProgress, cancelled: Cancelled
) -> None:
    tries = 0
    while True:
        before = partial.offset
        try:
            with source.fetch(layer, offset=partial.offset, validator=partial.validator) as body:
                _receive(body, layer, partial, progress, cancelled)
            return
        except SourceUnavailable:
            tries = 1 if partial.offset - before >= PROGRESS_BYTES else tries + 1
            if tries >= MAX_TRIES:
                raise
            _sleep(FIRST_WAIT_SECONDS * 2 ** (tries - 1), cancelled)


def _receive(body: Body, layer: LayerPlan, partial: Partial, progress: LayerProgress, cancelled: Cancelled) -> None:
    total = body.total if body.total is not None else layer.size_bytes
    if layer.size_bytes is not None and total != layer.size_bytes:
        raise InvalidSource(f"the source has {total} bytes where {layer.size_bytes} were announced")
    _align(body, total, partial)
    blobs.require_space((total or 0) - partial.offset)
    partial.begin(total=total, validator=body.validator)
    for chunk in body.chunks:
        if cancelled():
            raise TransferCancelled
        if partial.offset == 0:
            _check_head(chunk, layer)
        if total is not None and partial.offset + len(chunk) > total:
            partial.discard()
            raise InvalidSource("the source sends more bytes than it announced")
        partial.write(chunk)
        progress.report(partial.offset, total)
    if total is not None and partial.offset < total:
        raise SourceUnavailable(f"the connection ended after {partial.offset} of {total} bytes")


def _align(body: Body, total: int | None, partial: Partial) -> None:
    """Makes the partial begin where the body does: the source may have started over, or have other bytes by now."""
    changed = partial.offset > 0 and partial.total is not None and total != partial.total
    if body.offset == partial.offset and not changed:
        return
    partial.restart()
    if body.offset:
        raise SourceUnavailable("the source's bytes have changed")


def _check_head(chunk: bytes, layer: LayerPlan) -> None:
    # A login page in place of a model is found out at its first bytes, and not after gigabytes.
    if layer.media_type == MODEL_TYPE and not b"GGUF".startswith(chunk[:4]):
        raise InvalidSource("unsupported format: what the source sends doesn't begin with GGUF")


def _sleep(seconds: float, cancelled: Cancelled) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if cancelled():
            raise TransferCancelled
        time.sleep(min(left, 0.05))
