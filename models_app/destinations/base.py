"""Where a push writes to: what a transport has to do. Which blobs, in which order and when, is services/push.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from models_app.manifests import LayerRef, ManifestDocument
from models_app.naming import ModelName
from models_app.progress import OnProgress

Cancelled = Callable[[], bool]


class Destination(Protocol):
    """Sync, any thread. Both raise CatalogError, and TransferCancelled once ``cancelled()`` is true."""

    def layer_push(self, layer: LayerRef, *, on_progress: OnProgress, cancelled: Cancelled) -> None:
        """Brings one blob there, unless it is there already; the first and the last report always go out."""

    def manifest_push(self, name: ModelName, document: ManifestDocument) -> None:
        """Writes the manifest's own bytes under the name. Every blob of it is there."""
