"""Makes a model of another one or of files: its layers, its config, its manifest, and last the rows that name it."""

from __future__ import annotations

from models_app import selectors
from models_app.creation.base import Base, base_of_model
from models_app.creation.config import config_make
from models_app.creation.conversion import adapter_part, model_part
from models_app.creation.files import files_find, files_kind, gguf_parts
from models_app.creation.parts import Part, of_type, renamed
from models_app.creation.quantization import parts_quantized
from models_app.creation.request import CreateRequest, request_check
from models_app.creation.splits import splits_merge
from models_app.creation.texts import texts_set
from models_app.entries import ModelEntry
from models_app.errors import InvalidCreate, TransferCancelled
from models_app.manifests import ADAPTER_TYPE, CONFIG_TYPE, DRAFT_TYPE, MODEL_TYPE, LayerRef, manifest_build
from models_app.naming import ModelName
from models_app.progress import OnProgress, Progress
from models_app.services.commit import manifest_commit
from models_app.services.jobs import recorded
from models_app.services.pull import Cancelled
from models_app.store import blobs

SOURCE = "create"


def model_create(
    *, request: CreateRequest, on_progress: OnProgress, cancelled: Cancelled, record_job: bool = False
) -> ModelEntry:
    """Creates ``request.model``; a model that had this name loses it. Sync, any thread, for hours where it quantizes.

    ``on_progress`` gets Ollama's lines (wire.md 2.9), ``success`` last. Nothing of a create that fails or is cancelled
    has a name; the blobs it wrote go with the store's next cleaning.

    Raises CatalogError: InvalidCreate, InvalidModelName, InvalidDigest, ModelNotFound, BlobNotFound, SourceError,
    CreateFailed, NotEnoughSpace, StoreBusy, TransferCancelled.
    """
    name = request_check(request)
    with recorded(kind="create", name=name.short, on_progress=on_progress, enabled=record_job) as report:
        _create(name, request, report, cancelled)
        report(Progress(status="success"))
    return selectors.model_get(name.full)


def _create(name: ModelName, request: CreateRequest, report: OnProgress, cancelled: Cancelled) -> None:
    base = _base(request, report, cancelled)
    parts = [*base.parts, *_adapters(request, base, report, cancelled), *_drafts(request, report)]
    if len(of_type(parts, MODEL_TYPE)) != 1:
        raise InvalidCreate(f"{len(of_type(parts, MODEL_TYPE))} models were given, 1 is needed")
    parts = parts_quantized(parts, request, on_progress=report, cancelled=cancelled)
    config = config_make(base, parts, request)
    parts = texts_set(parts, request)
    for part in parts:
        report(Progress(status=part.status))
    if cancelled():
        raise TransferCancelled
    report(Progress(status="writing manifest"))
    stored = blobs.blob_write(config.to_json())
    ref = LayerRef(media_type=CONFIG_TYPE, digest=stored.digest, size_bytes=stored.size_bytes)
    document = manifest_build(config=ref, layers=tuple(part.ref for part in parts))
    manifest_commit(name=name, document=document, source=SOURCE)


def _base(request: CreateRequest, report: OnProgress, cancelled: Cancelled) -> Base:
    if request.source:
        return base_of_model(request.source, on_progress=report, cancelled=cancelled)
    files = files_find(request.files or {})
    if files_kind(files) == "safetensors":
        return Base(parts=[model_part(files, on_progress=report, cancelled=cancelled)])
    files = splits_merge(files, on_progress=report, cancelled=cancelled)
    return Base(parts=gguf_parts(files, on_progress=report))


def _adapters(request: CreateRequest, base: Base, report: OnProgress, cancelled: Cancelled) -> list[Part]:
    files = files_find(request.adapters or {})
    if files and files_kind(files) == "safetensors":
        return [adapter_part(files, base.parts, on_progress=report, cancelled=cancelled)]
    parts = gguf_parts(files, on_progress=report)
    for file, part in zip(files, parts, strict=True):
        if part.ref.media_type != ADAPTER_TYPE:
            raise InvalidCreate(f"{file.path[:200]} is not an adapter")
    return parts


def _drafts(request: CreateRequest, report: OnProgress) -> list[Part]:
    parts = gguf_parts(files_find(request.draft_files or {}), on_progress=report)
    return [renamed(part, DRAFT_TYPE) for part in parts]
