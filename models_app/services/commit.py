"""Writes a manifest's rows and points a name at it: the moment a model appears in the catalog, after all its bytes."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from models_app.errors import BlobNotFound
from models_app.layers import LayerContents, layers_read
from models_app.manifests import ManifestDocument
from models_app.models import Blob, Layer, Manifest, ModelInfo, Tag
from models_app.naming import ModelName
from models_app.services.collect import blobs_unlink, manifests_collect
from models_app.store import blobs

# A manifest can't say how strong an adapter is; Ollama's are all taken as they are.
ADAPTER_SCALE = 1.0


def manifest_commit(*, name: ModelName, document: ManifestDocument, source: str) -> int:
    """``name`` is this manifest from now on; how many bytes that set free. Sync, any thread.

    Raises BlobNotFound where a blob has gone since it was fetched (the caller gets it again), InvalidManifest,
    InvalidGGUF, StoreBusy.
    """
    contents = layers_read(document)
    with blobs.store_lock():
        for layer in document.blobs:
            if blobs.blob_size(layer.digest) != layer.size_bytes:
                raise BlobNotFound(layer.digest)
        with transaction.atomic():
            replaced = tag_point(name, _manifest_write(document, contents), source)
            freed = manifests_collect(replaced)
        return blobs_unlink(freed)


def _manifest_write(document: ManifestDocument, contents: LayerContents) -> Manifest:
    digest = str(document.digest)
    known = Manifest.objects.filter(digest=digest).first()
    if known is not None:
        return known
    Blob.objects.bulk_create(
        [
            Blob(digest=str(layer.digest), size_bytes=layer.size_bytes)
            for layer in {layer.digest: layer for layer in document.blobs}.values()
        ],
        ignore_conflicts=True,
    )
    manifest = Manifest.objects.create(digest=digest, raw=document.raw, size_bytes=document.size_bytes)
    Layer.objects.bulk_create(
        Layer(manifest=manifest, blob_id=str(layer.digest), position=position, media_type=layer.media_type)
        for position, layer in enumerate(document.blobs)
    )
    _info(manifest, contents).save(force_insert=True)
    return manifest


def tag_point(name: ModelName, manifest: Manifest, source: str) -> set[str]:
    """The digests of manifests that may have lost their last name. An existing name keeps its spelling, as Ollama's."""
    tag = Tag.objects.filter(key=name.key).first()
    replaced = {tag.manifest_id} - {manifest.digest} if tag else set()
    tag = tag or Tag(host=name.host, namespace=name.namespace, model=name.model, tag=name.tag, key=name.key)
    tag.manifest, tag.source, tag.modified_at = manifest, source[:2048], timezone.now()
    tag.save()
    return replaced


def _info(manifest: Manifest, contents: LayerContents) -> ModelInfo:
    facts = contents.facts
    return ModelInfo(
        manifest=manifest,
        model_blob_id=str(contents.model.digest),
        projector_blob_id=str(contents.projector.digest) if contents.projector else None,
        adapters=[[str(adapter.digest), ADAPTER_SCALE, adapter.size_bytes] for adapter in contents.adapters],
        parent_model=contents.model.source,
        renderer=(contents.config.renderer or "")[:80],
        parser=(contents.config.parser or "")[:80],
        requires=(contents.config.requires or "")[:80],
        architecture=facts.architecture,
        families=_families(contents),
        parameter_count=facts.parameter_count,
        parameter_size=(contents.config.model_type or facts.parameter_size)[:32],
        quantization=(contents.config.file_type or facts.quantization)[:32],
        context_length=facts.context_length,
        embedding_length=facts.embedding_length,
        n_vocab=facts.n_vocab,
        kv_bytes_per_token=facts.kv_bytes_per_token,
        capabilities=list(contents.capabilities),
        licence=contents.licence,
        chat_template=facts.chat_template,
        template=contents.template,
        system=contents.system,
        parameters=contents.parameters,
        messages=contents.messages,
        metadata={key: value for key, value in facts.metadata.items() if key != "tokenizer.chat_template"},
    )


def _families(contents: LayerContents) -> list[str]:
    """The config's, as Ollama shows them, where it has some."""
    return list(contents.config.model_families or ()) or [contents.facts.architecture]
