"""Brings a model into the catalog: find its source, fetch its layers, write its manifest, give it its name."""

from __future__ import annotations

from collections.abc import Callable

from models_app import selectors
from models_app.entries import ModelEntry
from models_app.errors import BlobNotFound
from models_app.layers import model_facts
from models_app.manifests import (
    CONFIG_TYPE,
    LayerRef,
    ManifestDocument,
    config_json,
    manifest_build,
    manifest_parse,
)
from models_app.naming import ModelName
from models_app.progress import LayerProgress, OnProgress, Progress
from models_app.services.commit import manifest_commit
from models_app.services.jobs import recorded
from models_app.sources.base import LayerPlan, Plan, Source
from models_app.sources.find import source_find, source_shown
from models_app.store import blobs
from models_app.store.transfers import layer_transfer

# How often a blob may be deleted by others between its fetch and the commit before we give up.
_MAX_ROUNDS = 10

Cancelled = Callable[[], bool]


def model_pull(
    *,
    source: str,
    name: str | None = None,
    on_progress: OnProgress,
    cancelled: Cancelled,
    record_job: bool = False,
    local_files: bool = True,
) -> ModelEntry:
    """Pulls ``source`` under ``name``, or under the name that the source suggests. Sync, any thread.

    ``source`` is a model name, an http(s) URL (``#sha256=<hex>`` is checked) or the path of a GGUF file; a wire passes
    ``local_files=False``, so that nobody can ask over the network which files there are. ``on_progress`` gets Ollama's
    lines (wire.md 2.10), ``success`` last. ``record_job`` keeps a Job row up to date.

    Raises CatalogError: InvalidModelName, SourceError, InvalidGGUF, NotEnoughSpace, StoreBusy, TransferCancelled.
    """
    target = ModelName.parse(name) if name else None
    with recorded(
        kind="pull", name=name or source_shown(source), on_progress=on_progress, enabled=record_job
    ) as report:
        report(Progress(status="pulling manifest"))
        origin = source_find(source, local_files=local_files)
        plan = origin.resolve()
        target = target or ModelName.parse(plan.name)
        _pull(origin, plan, target, report, cancelled)
        report(Progress(status="success"))
    return selectors.model_get(target.full)


def _pull(origin: Source, plan: Plan, target: ModelName, report: OnProgress, cancelled: Cancelled) -> None:
    for round_ in range(1, _MAX_ROUNDS + 1):
        try:
            _fetch_and_commit(origin, plan, target, report, cancelled)
            return
        except BlobNotFound:
            if round_ == _MAX_ROUNDS:
                raise


def _fetch_and_commit(origin: Source, plan: Plan, target: ModelName, report: OnProgress, cancelled: Cancelled) -> None:
    refs = [_layer(origin, layer, report, cancelled) for layer in plan.layers]
    document = manifest_parse(plan.manifest) if plan.manifest is not None else _document(refs, report)
    report(Progress(status="verifying sha256 digest"))
    report(Progress(status="writing manifest"))
    if manifest_commit(name=target, document=document, source=origin.origin):
        report(Progress(status="removing unused layers"))


def _layer(origin: Source, layer: LayerPlan, report: OnProgress, cancelled: Cancelled) -> LayerRef:
    stored = layer_transfer(origin, layer, on_progress=report, cancelled=cancelled)
    return LayerRef(media_type=layer.media_type, digest=stored.digest, size_bytes=stored.size_bytes)


def _document(layers: list[LayerRef], report: OnProgress) -> ManifestDocument:
    facts = model_facts(layers[0].digest)
    config = blobs.blob_write(
        config_json(family=facts.architecture, parameter_size=facts.parameter_size, quantization=facts.quantization)
    )
    LayerProgress(digest=str(config.digest), on_progress=report).report(config.size_bytes, config.size_bytes)
    ref = LayerRef(media_type=CONFIG_TYPE, digest=config.digest, size_bytes=config.size_bytes)
    return manifest_build(config=ref, layers=tuple(layers))
