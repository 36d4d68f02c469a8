"""What the catalog knows, read. Any thread; each call is one short query, and ``model_card`` opens a file."""

from __future__ import annotations

import json
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from inference.request import Message
from inference.spec import ModelSpec
from models_app.digests import Digest
from models_app.entries import ModelCard, ModelDetails, ModelEntry, ServedModel
from models_app.errors import ModelNotFound
from models_app.manifests import ManifestDocument, manifest_parse
from models_app.modelfile import modelfile_text, parameter_lines
from models_app.models import ModelInfo, Tag
from models_app.naming import ModelName
from models_app.store import blobs

if TYPE_CHECKING:
    from models_app.gguf.file import GGUFFile

# No template, metadata or licence: a listing of 1 000 models reads rows of a few hundred bytes.
_ENTRY_FIELDS = (
    "host", "namespace", "model", "tag", "source", "modified_at", "manifest_id", "manifest__size_bytes",
    "manifest__info__parent_model", "manifest__info__format", "manifest__info__architecture",
    "families_text", "manifest__info__parameter_size", "manifest__info__quantization",
    "manifest__info__context_length", "manifest__info__embedding_length", "capabilities_text",
)  # fmt: skip
_SERVED_FIELDS = (
    "host", "namespace", "model", "tag", "manifest_id", "manifest__info__model_blob_id",
    "manifest__info__model_blob__size_bytes", "manifest__info__context_length", "manifest__info__kv_bytes_per_token",
    "manifest__info__n_vocab", "manifest__info__embedding_length", "manifest__info__architecture",
    "manifest__info__system", "manifest__info__template", "manifest__info__chat_template",
    "manifest__info__capabilities", "manifest__info__parameters",
    "manifest__info__messages", "manifest__info__adapters", "manifest__info__projector_blob_id",
    "manifest__info__projector_blob__size_bytes",
)  # fmt: skip
_LIST_FIELDS = ("families_text", "capabilities_text")
_VECTORS = frozenset({"embedding", "rerank"})
_MESSAGE_TEXTS = ("role", "content", "thinking", "tool_name", "tool_call_id")
# Left out of ``model_info``: Ollama's GetModelInfo removes both (server/routes.go).
_HIDDEN_KEYS = frozenset({"general.name", "tokenizer.chat_template"})


def model_list() -> list[ModelEntry]:
    """Every model of the catalog, newest first. Clients ask for it again and again: what a row says is made once."""
    with connection.cursor() as cursor:
        cursor.execute(_list_sql())
        return [_entry(row) for row in cursor.fetchall()]


def model_get(name: str) -> ModelEntry:
    """Raises InvalidModelName, ModelNotFound (with the name as it was asked for)."""
    row = _rows(_tags(name)).first()
    if row is None:
        raise ModelNotFound(name)
    return _entry(row)


def model_card(name: str, *, verbose: bool = False) -> ModelCard:
    """What ``show`` tells. Arrays of the metadata are null unless ``verbose``, then they are read from the file.

    Raises InvalidModelName, ModelNotFound, BlobNotFound, BlobDamaged, InvalidGGUF.
    """
    entry = model_get(name)
    info = ModelInfo.objects.get(manifest_id=f"sha256:{entry.digest}")
    from models_app.gguf.blob import gguf_blob_open  # here: it brings numpy, which no listing needs

    with gguf_blob_open(Digest.parse(info.model_blob_id)) as file:
        model_info = _model_info(info, file, verbose=verbose)
        tensors = [{"name": t.name, "type": t.type_name, "shape": list(t.shape)} for t in file.tensors]
    return ModelCard(
        entry=entry,
        license=info.licence,
        modelfile=modelfile_text(
            name=entry.name.short,
            template=info.template,
            system=info.system,
            parameters=info.parameters,
            licence=info.licence,
            messages=info.messages,
            renderer=info.renderer,
            parser=info.parser,
            requires=info.requires,
        ),
        parameters=parameter_lines(info.parameters),
        template=_template(info),
        system=info.system,
        messages=info.messages,
        model_info=model_info,
        projector_info=_projector_info(info, verbose=verbose),
        tensors=tensors,
    )


def _projector_info(info: ModelInfo, *, verbose: bool) -> dict[str, Any]:
    """What the projector's file says of itself; empty without one. Raises as ``model_card`` does."""
    if info.projector_blob_id is None:
        return {}
    from models_app.gguf.blob import gguf_blob_open

    with gguf_blob_open(Digest.parse(info.projector_blob_id)) as file:
        return file.metadata(arrays=verbose)


def model_manifest(name: str) -> ManifestDocument:
    """The manifest's own bytes, read. Raises InvalidModelName, ModelNotFound."""
    tag = _tags(name).select_related("manifest").first()
    if tag is None:
        raise ModelNotFound(name)
    return manifest_parse(bytes(tag.manifest.raw))


def model_served(name: str) -> ServedModel:
    """What inference needs. Raises InvalidModelName, ModelNotFound. One query, and no file is opened.

    It stands before the first token of every request: building the ORM's query takes ten times as long as running it,
    so that is done once.
    """
    parsed = ModelName.parse(name)
    with connection.cursor() as cursor:
        cursor.execute(_served_sql(), [parsed.key])
        row = cursor.fetchone()
    if row is None or parsed.selector == "cloud":
        raise ModelNotFound(name)
    (host, namespace, model, tag, manifest, blob, size_bytes, n_ctx_train, kv_bytes_per_token, n_vocab, n_embd,
     architecture, system, template, chat_template, *lists, projector, projector_bytes) = row  # fmt: skip
    capabilities, parameters, messages, adapters = map(json.loads, lists)
    from inference.chat.choice import uses_jinja  # here: it brings two template languages, which no listing needs

    full_name = ModelName(host=host, namespace=namespace, model=model, tag=tag)
    spec = ModelSpec(
        name=full_name.short,
        digest=Digest.parse(manifest).hex,
        model_path=_path(blob),
        projector_path=_path(projector) if projector else "",
        projector_bytes=projector_bytes or 0,
        adapters=tuple((_path(adapter), scale) for adapter, scale, _ in adapters),
        adapters_bytes=sum(adapter_bytes for *_, adapter_bytes in adapters),
        size_bytes=size_bytes,
        n_ctx_train=n_ctx_train,
        kv_bytes_per_token=kv_bytes_per_token,
        n_vocab=n_vocab,
        n_embd=n_embd,
        embeds_only="completion" not in capabilities and not _VECTORS.isdisjoint(capabilities),
    )
    return ServedModel(
        name=full_name,
        spec=spec,
        capabilities=tuple(capabilities),
        parameters=parameters,
        system=system,
        messages=tuple(map(_message, messages)),
        template=None if uses_jinja(chat_template=chat_template, template=template) else template,
        chat_template=chat_template,
        architecture=architecture,
    )


def _message(stored: dict[str, Any]) -> Message:
    """A MESSAGE of the manifest. It comes from whoever made the model: what is of another type is left out."""
    texts: dict[str, Any] = {name: value for name in _MESSAGE_TEXTS if isinstance(value := stored.get(name), str)}
    calls = stored.get("tool_calls")
    tool_calls = tuple(call for call in calls if isinstance(call, dict)) if isinstance(calls, list) else ()
    return Message(**{"role": "user", **texts}, tool_calls=tool_calls)


def _path(digest: str) -> str:
    return str(blobs.blob_path(Digest.parse(digest)))


@lru_cache(maxsize=1)
def _served_sql() -> str:
    """The compiled query, with the key as its one parameter."""
    sql, _ = Tag.objects.filter(key="").values_list(*_SERVED_FIELDS).query.sql_with_params()
    return sql


@lru_cache(maxsize=1)
def _list_sql() -> str:
    sql, parameters = _rows(Tag.objects.order_by("-modified_at", "key")).query.sql_with_params()
    assert not parameters
    return sql


def _tags(name: str) -> QuerySet[Tag]:
    parsed = ModelName.parse(name)
    # A cloud selector asks for a model that runs elsewhere: never answered with a local one of that name.
    return Tag.objects.none() if parsed.selector == "cloud" else Tag.objects.filter(key=parsed.key)


def _rows(tags: QuerySet[Tag]) -> QuerySet[Tag, tuple[Any, ...]]:
    # The two lists as text: a listing has few different ones, and decoding each is a third of its time.
    lists = {name: Cast(f"manifest__info__{name.removesuffix('_text')}", TextField()) for name in _LIST_FIELDS}
    return tags.annotate(**lists).values_list(*_ENTRY_FIELDS)


@lru_cache(maxsize=1024)
def _words(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@lru_cache(maxsize=4096)
def _entry(row: tuple[Any, ...]) -> ModelEntry:
    (host, namespace, model, tag, source, modified_at, manifest, size_bytes, parent, format_, family, families,
     parameter_size, quantization, context_length, embedding_length, capabilities) = row  # fmt: skip
    details = ModelDetails(
        parent_model=parent,
        format=format_,
        family=family,
        families=_words(families),
        parameter_size=parameter_size,
        quantization_level=quantization,
        context_length=context_length,
        embedding_length=embedding_length,
    )
    return ModelEntry(
        name=ModelName(host=host, namespace=namespace, model=model, tag=tag),
        digest=Digest.parse(manifest).hex,
        size_bytes=size_bytes,
        # SQLite knows no time zones: Django stores UTC there, and a query of our own gets just that.
        modified_at=modified_at if modified_at.tzinfo else modified_at.replace(tzinfo=UTC),
        details=details,
        capabilities=_words(capabilities),
        source=source,
    )


def _template(info: ModelInfo) -> str:
    return info.template or info.chat_template


def _model_info(info: ModelInfo, file: GGUFFile, *, verbose: bool) -> dict[str, Any]:
    known = file.metadata(arrays=True) if verbose else info.metadata
    known = {key: value for key, value in known.items() if key not in _HIDDEN_KEYS}
    return known | {"general.parameter_count": info.parameter_count}
