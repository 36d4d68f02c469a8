"""Holds the store against the catalog: what is missing, what is damaged, what a crash left behind, and its removal."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db.models import F, Q

from models_app.digests import Digest
from models_app.errors import BlobDamaged, BlobNotFound, InvalidDigest, StoreBusy
from models_app.models import Blob, Manifest, Tag
from models_app.store import blobs, partials
from models_app.store.lock import file_lock, patience

# Younger ones may belong to a pull that goes on at this moment.
GRACE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreReport:
    """What was found, digests and file names as text. Only the first three are faults; the rest is what crashes leave.

    ``missing`` have a row and no file, ``damaged`` other bytes than their digest says, ``broken`` are names or
    manifests at odds with themselves; ``unreferenced`` are whole blobs no row knows, ``orphans`` files of no use,
    ``partials`` transfers that can go on.
    """

    missing: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    unreferenced: tuple[str, ...] = ()
    orphans: tuple[str, ...] = ()
    partials: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        return not (self.missing or self.damaged or self.broken)


def store_check(*, hash_blobs: bool = True) -> StoreReport:
    """Reads everything and changes nothing; without ``hash_blobs`` only sizes are compared. Sync, any thread."""
    rows = dict(Blob.objects.values_list("digest", "size_bytes"))
    files = {path.name: path for path in blobs.blobs_dir().iterdir()}
    named = {str(digest): digest for name in files if (digest := _digest_of(name))}
    states = {digest: _state(Digest.parse(digest), rows.get(digest), hash_blobs) for digest in {*rows, *named}}
    others = [name for name in files if _digest_of(name) is None]
    return StoreReport(
        missing=_where(states, "missing"),
        damaged=_where(states, "damaged"),
        broken=tuple(_broken()),
        unreferenced=tuple(sorted(named.keys() - rows.keys())),
        orphans=tuple(sorted(name for name in others if not name.startswith(partials.PREFIX))),
        partials=tuple(sorted(name for name in others if name.startswith(partials.PREFIX) and "." not in name)),
    )


def store_clean(*, grace_seconds: float = GRACE_SECONDS) -> int:
    """Removes what crashes left, older than ``grace_seconds``; the bytes that came free. Transfers that can go on stay.

    Raises StoreBusy.
    """
    before = time.time() - grace_seconds
    with blobs.store_lock():
        known = set(Blob.objects.values_list("digest", flat=True))
        old = [path for path in blobs.blobs_dir().iterdir() if _modified_at(path) < before]
        freed = sum(_remove(path) for path in old if _is_waste(path, known))
        for path in old:
            if path.name.startswith(partials.PREFIX) and path.suffix:
                _remove_companion(path)
        blobs.sync_directory(blobs.blobs_dir())
    return freed


def _state(digest: Digest, size_bytes: int | None, hash_blobs: bool) -> str:
    try:
        found = blobs.blob_verify(digest) if hash_blobs else blobs.blob_size(digest)
    except BlobNotFound:
        found = None
    except BlobDamaged:
        return "damaged"
    if found is None:
        return "missing"
    return "damaged" if size_bytes not in (None, found) else "whole"


def _where(states: dict[str, str], state: str) -> tuple[str, ...]:
    return tuple(sorted(digest for digest, found in states.items() if found == state))


def _broken() -> Iterator[str]:
    for digest, raw in Manifest.objects.values_list("digest", "raw"):
        if str(Digest.of(bytes(raw))) != digest:
            yield f"manifest {digest}: its bytes have another digest"
    for digest in Manifest.objects.filter(Q(info=None) | Q(layers=None)).values_list("digest", flat=True):
        yield f"manifest {digest}: rows are missing"
    for tag in Tag.objects.exclude(manifest__layers__blob=F("manifest__info__model_blob")):
        yield f"model {tag.name.short}: its model layer is missing"


def _is_waste(path: Path, known: set[str]) -> bool:
    digest = _digest_of(path.name)
    return path.name.startswith(blobs.TEMP_PREFIX) if digest is None else str(digest) not in known


def _remove_companion(path: Path) -> None:
    """The lock or state of a transfer that has no bytes, unless somebody is at it now."""
    transfer = path.with_suffix("")
    if transfer.exists():
        return
    with contextlib.suppress(StoreBusy), file_lock(transfer.with_suffix(".lock"), wait=patience(0)):
        path.unlink(missing_ok=True)
        transfer.with_suffix(".lock").unlink(missing_ok=True)


def _remove(path: Path) -> int:
    size_bytes = os.lstat(path).st_size
    path.unlink()
    return size_bytes


def _modified_at(path: Path) -> float:
    try:
        return os.lstat(path).st_mtime
    except FileNotFoundError:
        return time.time()


def _digest_of(name: str) -> Digest | None:
    try:
        return Digest(name.removeprefix("sha256-")) if name.startswith("sha256-") else None
    except InvalidDigest:
        return None
