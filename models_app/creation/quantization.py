"""Rewrites weights through llama.cpp: as another type, or several files as one (Ollama's quantizeLayer)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from inference.errors import QuantizeFailed
from inference.quantize import QuantizeJob, quantize_file
from models_app.creation.parts import Part, blob_verified, facts_of, part_new
from models_app.creation.request import CreateRequest, file_type_of
from models_app.errors import CreateFailed, InvalidCreate, TransferCancelled
from models_app.manifests import DRAFT_TYPE, MODEL_TYPE
from models_app.progress import OnProgress, Progress
from models_app.services.pull import Cancelled
from models_app.store import blobs
from models_app.store.blobs import StoredBlob
from models_app.store.workfiles import work_file

SOURCE_TYPES: Final = ("F16", "BF16", "F32")
# What Ollama sends where a digest names the bar: the result's own isn't known before it is there.
DUMMY_DIGEST: Final = "0000000000000000000"


def parts_quantized(
    parts: list[Part], request: CreateRequest, *, on_progress: OnProgress, cancelled: Cancelled
) -> list[Part]:
    """Models and drafts with weights as the request wants them. Raises InvalidCreate, and what the work fails with."""
    wanted = {MODEL_TYPE: file_type_of(request.quantize), DRAFT_TYPE: file_type_of(request.draft_quantize)}

    def quantized(part: Part) -> Part:
        file_type = wanted.get(part.ref.media_type, "")
        if not file_type or part.facts is None or part.facts.quantization == file_type:
            return part
        if part.facts.quantization not in SOURCE_TYPES:
            raise InvalidCreate("quantization is only supported for F16, BF16 and F32 models")
        return _quantized(part, part.facts.quantization, file_type, on_progress, cancelled)

    return [quantized(part) for part in parts]


def _quantized(part: Part, before: str, file_type: str, on_progress: OnProgress, cancelled: Cancelled) -> Part:
    stored, known = weights_rewrite(
        blobs.blob_path(part.ref.digest),
        file_type,
        status=f"quantizing {before} model to {file_type}",
        size_bytes=part.ref.size_bytes,
        on_progress=on_progress,
        cancelled=cancelled,
    )
    return part_new(stored, part.ref.media_type, known=known, facts=facts_of(stored.digest))


def weights_rewrite(
    source: Path, file_type: str, *, status: str, size_bytes: int, on_progress: OnProgress, cancelled: Cancelled
) -> tuple[StoredBlob, bool]:
    """The new blob, and whether it was known. ``size_bytes`` is what it may take of the disk, and the bar's length.

    Raises CreateFailed, NotEnoughSpace, TransferCancelled, BackendNotAvailable.
    """
    blobs.require_space(2 * size_bytes if file_type == "F32" else size_bytes)

    def report(done: int, total: int) -> None:
        completed = size_bytes * done // total if total else 0
        on_progress(Progress(status=status, digest=DUMMY_DIGEST, total=size_bytes, completed=completed))

    with work_file() as destination:
        job = QuantizeJob(source=str(source), destination=str(destination), file_type=file_type)
        try:
            finished = quantize_file(job, on_progress=report, cancelled=cancelled)
        except QuantizeFailed as error:
            raise CreateFailed(str(error)) from None
        if not finished:
            raise TransferCancelled
        return blob_verified(destination, on_progress=on_progress, cancelled=cancelled)
