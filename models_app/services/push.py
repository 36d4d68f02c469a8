"""Brings a model of the catalog to a registry: its layers, its config, then its manifest (PushModel in images.go)."""

from __future__ import annotations

from collections.abc import Callable

from models_app.destinations.find import destination_find
from models_app.errors import ModelNotFound
from models_app.manifests import ManifestDocument, manifest_parse
from models_app.models import Tag
from models_app.naming import ModelName
from models_app.progress import OnProgress, Progress
from models_app.services.jobs import recorded

Cancelled = Callable[[], bool]


def model_push(
    *,
    name: str,
    destination: str = "",
    insecure: bool = False,
    on_progress: OnProgress,
    cancelled: Cancelled,
    record_job: bool = False,
) -> None:
    """Pushes ``name`` to the registry it names, or to ``destination`` (a URL). Sync, any thread.

    ``on_progress`` gets Ollama's lines (wire.md 2.10), ``success`` last. ``record_job`` keeps a Job row up to date.

    Raises CatalogError: InvalidModelName, ModelNotFound, DestinationNotSupported, TransferCancelled.
    """
    parsed = ModelName.parse(name)
    with recorded(kind="push", name=parsed.full, on_progress=on_progress, enabled=record_job) as report:
        report(Progress(status="retrieving manifest"))
        existing, document = _stored(parsed, name, report)
        target = destination_find(existing, destination=destination, insecure=insecure)
        for layer in (*document.layers, document.config):
            target.layer_push(layer, on_progress=report, cancelled=cancelled)
        report(Progress(status="pushing manifest"))
        target.manifest_push(existing, document)
        report(Progress(status="success"))


def _stored(name: ModelName, asked_for: str, report: OnProgress) -> tuple[ModelName, ManifestDocument]:
    """The name as the catalog writes it, and the manifest. Raises ModelNotFound."""
    tag = Tag.objects.select_related("manifest").filter(key=name.key).first()
    if tag is None:
        report(Progress(status="couldn't retrieve manifest"))
        raise ModelNotFound(asked_for)
    return tag.name, manifest_parse(bytes(tag.manifest.raw))
