"""Safetensors files become a part: converted in a process of its own (Ollama's convertFromSafetensors)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from inference.child import child_run
from models_app.creation.files import File
from models_app.creation.parts import Part, blob_verified, facts_of, of_type, part_new
from models_app.errors import CreateFailed, InvalidCreate, TransferCancelled
from models_app.gguf.facts import GGUFFacts
from models_app.manifests import ADAPTER_TYPE, MODEL_TYPE
from models_app.progress import OnProgress, Progress
from models_app.safetensors.child import CHILD, ConvertJob
from models_app.safetensors.lora import BaseModel
from models_app.services.pull import Cancelled
from models_app.store import blobs
from models_app.store.blobs import StoredBlob
from models_app.store.workfiles import work_file

_DUMMY_DIGEST: Final = "0000000000000000000"


def model_part(files: Sequence[File], *, on_progress: OnProgress, cancelled: Cancelled) -> Part:
    """Raises InvalidCreate (with what can be converted, where this can't), CreateFailed, NotEnoughSpace."""
    stored, known = _converted(files, None, "converting model", on_progress, cancelled)
    return part_new(stored, MODEL_TYPE, known=known, facts=facts_of(stored.digest))


def adapter_part(files: Sequence[File], base: Sequence[Part], *, on_progress: OnProgress, cancelled: Cancelled) -> Part:
    """``base`` has the model that the adapter is for. Raises as ``model_part``."""
    stored, known = _converted(files, _base_model(base), "converting adapter", on_progress, cancelled)
    return part_new(stored, ADAPTER_TYPE, known=known, facts=facts_of(stored.digest))


def _converted(
    files: Sequence[File], base: BaseModel | None, status: str, on_progress: OnProgress, cancelled: Cancelled
) -> tuple[StoredBlob, bool]:
    total_bytes = sum(file.stored.size_bytes for file in files)
    blobs.require_space(total_bytes)
    on_progress(Progress(status=status))

    def report(done: int, total: int) -> None:
        if total:
            completed = total_bytes * done // total
            on_progress(Progress(status=status, digest=_DUMMY_DIGEST, total=total_bytes, completed=completed))

    with work_file() as destination:
        paths = {file.path: str(blobs.blob_path(file.stored.digest)) for file in files}
        job = ConvertJob(files=paths, destination=str(destination), base=base)
        end = child_run(CHILD, msgspec.json.encode(job), on_progress=report, cancelled=cancelled)
        if end.cancelled:
            raise TransferCancelled
        if end.sentence:
            raise InvalidCreate(end.sentence)
        if end.failed:
            raise CreateFailed(f"the model could not be converted: {end.words}")
        return blob_verified(destination, on_progress=on_progress, cancelled=cancelled)


def _base_model(parts: Sequence[Part]) -> BaseModel:
    facts = next((part.facts for part in of_type(parts, MODEL_TYPE)), None)
    if facts is None:
        raise InvalidCreate("no base model was found")
    n_heads = _count(facts, "attention.head_count")
    return BaseModel(
        architecture=facts.architecture,
        n_heads=n_heads,
        n_heads_kv=_count(facts, "attention.head_count_kv") or n_heads,
        head_size=_count(facts, "attention.key_length") or facts.embedding_length // max(n_heads, 1),
    )


def _count(facts: GGUFFacts, name: str) -> int:
    value = facts.metadata.get(f"{facts.architecture}.{name}")
    return value if type(value) is int else 0
