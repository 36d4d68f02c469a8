"""Takes the models of an Ollama store over without copying their bytes. The store itself stays as it is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from models_app.digests import Digest
from models_app.errors import BlobInUse, BlobNotFound, CatalogError, InvalidSource
from models_app.manifests import MAX_MANIFEST_BYTES, ManifestDocument, manifest_parse
from models_app.models import Blob, Tag
from models_app.naming import ModelName
from models_app.progress import LayerProgress, OnProgress, Progress
from models_app.services.blobs import blob_delete
from models_app.services.commit import manifest_commit
from models_app.store import blobs
from models_app.store.adoption import blob_adopt

ORIGIN = "ollama"
# A tag's place under ``manifests``: host, namespace, model, tag.
_DEPTH = 4
# How often a blob may be cleaned away by others between its adoption and the commit before we give up.
_MAX_ROUNDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedModel:
    """What became of one name: how many of its blobs were linked and copied, and how many were there before.

    ``problem`` is why it was skipped, or empty. ``is_new`` False: the catalog had it already, as it is.
    """

    name: str
    is_new: bool = False
    n_linked: int = 0
    n_copied: int = 0
    n_present: int = 0
    size_bytes: int = 0
    problem: str = ""


def ollama_import(
    *, directory: Path, verify: bool = True, replace_others: bool = False, on_progress: OnProgress
) -> Iterator[ImportedModel]:
    """One after the other, in the order of their names. Sync, any thread; what is done stays when it is stopped.

    ``directory`` is what ``OLLAMA_MODELS`` names. A name that the catalog has from elsewhere is left alone unless
    ``replace_others``. What is wrong with one model is in its result.

    Raises InvalidSource where there is no such store.
    """
    manifests = directory / "manifests"
    if not manifests.is_dir():
        raise InvalidSource("there is no Ollama store: it would have a folder named manifests")
    for parts, path in _tags(manifests, ()):
        yield _imported(parts, path, directory / "blobs", _Ways(verify, replace_others, on_progress))


@dataclass(frozen=True, slots=True)
class _Ways:
    verify: bool
    replace_others: bool
    on_progress: OnProgress


def _tags(folder: Path, parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Path]]:
    """Every entry at a tag's depth, and whatever stands in the way before it. No symlink is followed."""
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        below = (*parts, entry.name)
        if entry.name.startswith("."):  # .DS_Store and its like
            continue
        if len(below) < _DEPTH and entry.is_dir(follow_symlinks=False):
            yield from _tags(Path(entry.path), below)
        else:
            yield below, Path(entry.path)


def _imported(parts: tuple[str, ...], path: Path, blobs_folder: Path, ways: _Ways) -> ImportedModel:
    shown = ImportedModel(name="/".join(parts))
    try:
        name = _name(parts)
        shown = replace(shown, name=name.short)
        document = manifest_parse(_manifest_bytes(path))
        return _take_over(shown, name, document, blobs_folder, ways)
    except CatalogError as error:
        return replace(shown, problem=str(error))


def _name(parts: tuple[str, ...]) -> ModelName:
    if len(parts) != _DEPTH:
        raise InvalidSource("it is not where a model's manifest is")
    host, namespace, model, tag = parts
    return ModelName(host=host, namespace=namespace, model=model, tag=tag)


def _manifest_bytes(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            return file.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        reason = "it is a symlink" if path.is_symlink() else os.strerror(error.errno or 0)
        raise InvalidSource(f"its manifest can't be read: {reason}") from error


def _take_over(
    shown: ImportedModel, name: ModelName, document: ManifestDocument, blobs_folder: Path, ways: _Ways
) -> ImportedModel:
    shown = replace(shown, size_bytes=document.size_bytes)
    tag = Tag.objects.filter(key=name.key).first()
    if tag is not None and tag.manifest_id == str(document.digest) and _is_whole(document):
        return replace(shown, n_present=len(document.blobs))
    if tag is not None and tag.source != ORIGIN and not ways.replace_others:
        raise InvalidSource("the catalog has another model of this name")
    for round_ in range(1, _MAX_ROUNDS + 1):
        try:
            return _adopt_and_commit(shown, name, document, blobs_folder, ways)
        except BlobNotFound:
            if round_ == _MAX_ROUNDS:
                raise
    raise AssertionError("the last round returns or raises")


def _adopt_and_commit(
    shown: ImportedModel, name: ModelName, document: ManifestDocument, blobs_folder: Path, ways: _Ways
) -> ImportedModel:
    taken: list[Digest] = []
    counts = {"present": 0, "linked": 0, "copied": 0}
    try:
        for layer in {layer.digest: layer for layer in document.blobs}.values():
            report = _report(layer.digest, layer.size_bytes, ways.on_progress)
            how = blob_adopt(
                blobs_folder,
                layer.digest,
                layer.size_bytes,
                known=Blob.objects.filter(digest=str(layer.digest)).exists(),
                verify=ways.verify,
                report=report,
            )
            counts[how] += 1
            taken += [layer.digest] if how != "present" else []
        manifest_commit(name=name, document=document, source=ORIGIN)
    except BaseException:
        _give_back(taken)
        raise
    return replace(
        shown, is_new=True, n_linked=counts["linked"], n_copied=counts["copied"], n_present=counts["present"]
    )


def _is_whole(document: ManifestDocument) -> bool:
    return all(blobs.blob_size(layer.digest) == layer.size_bytes for layer in document.blobs)


def _report(digest: Digest, size_bytes: int, on_progress: OnProgress) -> Callable[[int], None]:
    progress = LayerProgress(digest=str(digest), on_progress=_renamed(on_progress))
    return lambda completed: progress.report(completed, size_bytes)


def _renamed(on_progress: OnProgress) -> OnProgress:
    def tell(progress: Progress) -> None:
        on_progress(replace(progress, status=progress.status.replace("pulling", "verifying", 1)))

    return tell


def _give_back(taken: list[Digest]) -> None:
    """What no model needs after all."""
    for digest in taken:
        with contextlib.suppress(BlobInUse, BlobNotFound):
            blob_delete(digest=digest)
