"""Where a pull reads from. A source says what there is (a plan), and gives the bytes of one layer from any offset.

The same two steps fit a file, a URL, a registry (whose plan carries the manifest's own bytes) and the hub; storing,
verifying, resuming and waiting for each other are the transfer's work (transfers.py), and no source's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from models_app.digests import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPlan:
    """One layer to get. ``identity`` names the bytes at this source: a transfer cut short is found again by it.

    ``digest`` and ``size_bytes`` are what somebody vouched for, None where nobody did.
    """

    identity: str
    media_type: str
    digest: Digest | None = None
    size_bytes: int | None = None

    @property
    def key(self) -> Digest:
        """What the transfer is known by: the digest of the bytes, or of the identity as long as that isn't known."""
        return self.digest or Digest.of(self.identity.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``manifest`` holds the bytes of a manifest that is to be kept as it is; None: one is made from the layers.

    ``name`` is the model name the source suggests, where the caller gave none.
    """

    layers: tuple[LayerPlan, ...]
    name: str
    manifest: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """Bytes from ``offset`` on. ``total`` is the whole layer's size where it is known.

    ``validator`` changes when the bytes do (an ETag, a time of change); empty where the source has none.
    """

    offset: int
    total: int | None
    validator: str
    chunks: Iterator[bytes]


class Source(Protocol):
    """One origin. Sync, any thread. ``origin`` is shown and stored: no credentials and no local path in it."""

    @property
    def origin(self) -> str: ...

    def resolve(self) -> Plan:
        """What there is to get. Raises SourceError, InvalidManifest."""
        ...

    def fetch(self, layer: LayerPlan, *, offset: int, validator: str) -> AbstractContextManager[Body]:
        """The layer's bytes, from ``offset`` if the source can and ``validator`` still holds, else from 0.

        Raises SourceUnavailable where trying again may help, any other SourceError where it can't.
        """
        ...
