"""The catalog's rows. Bytes live in the blob store (blobs.py); these say what the bytes are, and who needs them.

    Tag (a model name) ──> Manifest (raw bytes) ──> Layer ──> Blob (a file of the store)
                               └── ModelInfo (what the GGUF says) ──> Blob
    Job: a long action and how far it is

Every arrow is PROTECT or CASCADE from the owner: no row can point at one that is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils import timezone

from models_app.naming import ModelName

DIGEST_LENGTH = 71


def _digest_check(name: str) -> models.CheckConstraint:
    # No REGEXP: SQLite has none of its own, and PRAGMA integrity_check evaluates constraints outside Django.
    condition = Q(digest__startswith="sha256:") & Q(Exact(Length("digest"), DIGEST_LENGTH))
    return models.CheckConstraint(condition=condition, name=name)


class Blob(models.Model):
    """A verified file of the store. The row exists only while the file does: written after it, removed before it."""

    digest = models.CharField(max_length=DIGEST_LENGTH, primary_key=True)
    size_bytes = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            _digest_check("blob_digest"),
            models.CheckConstraint(condition=Q(size_bytes__gte=0), name="blob_size"),
        )

    def __str__(self) -> str:
        return self.digest


class Manifest(models.Model):
    """A manifest's bytes as they came; their sha256 is its digest. ``size_bytes`` sums up the layers and the config."""

    digest = models.CharField(max_length=DIGEST_LENGTH, primary_key=True)
    raw = models.BinaryField()
    size_bytes = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    if TYPE_CHECKING:
        info: ModelInfo

    class Meta:
        constraints = (
            _digest_check("manifest_digest"),
            models.CheckConstraint(condition=Q(size_bytes__gte=0), name="manifest_size"),
        )

    def __str__(self) -> str:
        return self.digest


class Layer(models.Model):
    """One blob of one manifest. ``position`` 0 is the config, the layers follow from 1 in the manifest's order."""

    manifest = models.ForeignKey(Manifest, on_delete=models.CASCADE, related_name="layers")
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="layers")
    position = models.PositiveIntegerField()
    media_type = models.CharField(max_length=255)

    class Meta:
        ordering = ("manifest", "position")
        constraints = (models.UniqueConstraint(fields=("manifest", "position"), name="layer_position"),)

    def __str__(self) -> str:
        return f"{self.media_type} {self.blob_id}"


class Tag(models.Model):
    """A model name that points at a manifest. ``source`` says where a pull took it from (no credentials, no paths)."""

    host = models.CharField(max_length=350)
    namespace = models.CharField(max_length=80)
    model = models.CharField(max_length=80)
    tag = models.CharField(max_length=80)
    key = models.CharField(max_length=600, unique=True, help_text="the name in lower case: its identity")
    manifest = models.ForeignKey(Manifest, on_delete=models.PROTECT, related_name="tags")
    source = models.CharField(max_length=2048, blank=True)
    modified_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "model"
        ordering = ("-modified_at", "key")
        constraints = (
            models.UniqueConstraint(fields=("host", "namespace", "model", "tag"), name="tag_name"),
            models.CheckConstraint(condition=~Q(model="") & ~Q(tag="") & ~Q(key=""), name="tag_whole"),
        )

    def __str__(self) -> str:
        return self.name.short

    @property
    def name(self) -> ModelName:
        return ModelName(host=self.host, namespace=self.namespace, model=self.model, tag=self.tag)


class ModelInfo(models.Model):
    """What a manifest's layers say of the model, so that it can be listed, searched and served without opening a file.

    ``metadata`` is the GGUF's keys and values with arrays elided to null and the template left out; ``template`` is an
    Ollama template layer (Go), ``chat_template`` the file's own (Jinja); ``parameters`` are the manifest's options.
    ``adapters`` are LoRA files to put on the weights, each as ``[digest, scale, size in bytes]``; ``renderer``,
    ``parser`` and ``requires`` (the least version of Ollama) are the config's words.
    """

    manifest = models.OneToOneField(Manifest, on_delete=models.CASCADE, primary_key=True, related_name="info")
    model_blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="model_of")
    projector_blob = models.ForeignKey(
        Blob, on_delete=models.PROTECT, related_name="projector_of", null=True, blank=True
    )
    adapters: models.JSONField[list[list[Any]], list[list[Any]]] = models.JSONField(default=list, blank=True)
    format = models.CharField(max_length=32, default="gguf")
    architecture = models.CharField(max_length=80, db_index=True)
    families = models.JSONField(default=list)
    parameter_count = models.BigIntegerField(default=0)
    parameter_size = models.CharField(max_length=32, blank=True)
    quantization = models.CharField(max_length=32, blank=True, db_index=True)
    context_length = models.BigIntegerField(default=0)
    embedding_length = models.BigIntegerField(default=0)
    n_vocab = models.BigIntegerField(default=0)
    kv_bytes_per_token = models.BigIntegerField(default=0)
    capabilities = models.JSONField(default=list)
    parent_model = models.CharField(max_length=600, blank=True)
    renderer = models.CharField(max_length=80, blank=True)
    parser = models.CharField(max_length=80, blank=True)
    requires = models.CharField(max_length=80, blank=True)
    licence = models.TextField(blank=True)
    chat_template = models.TextField(blank=True)
    template = models.TextField(blank=True)
    system = models.TextField(blank=True)
    parameters: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    messages: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
    metadata: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(parameter_count__gte=0, context_length__gte=0, kv_bytes_per_token__gte=0),
                name="info_counts",
            ),
        )

    def __str__(self) -> str:
        return f"{self.architecture} {self.parameter_size} {self.quantization}".strip()


class Job(models.Model):
    """A long action. While it runs somebody holds its lease; a lease that ran out means that its process is gone."""

    class Kind(models.TextChoices):
        PULL = "pull"
        PUSH = "push"
        CREATE = "create"

    class State(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    state = models.CharField(max_length=16, choices=State.choices, default=State.RUNNING)
    name = models.CharField(max_length=2048)
    status = models.CharField(max_length=255, blank=True)
    completed_bytes = models.BigIntegerField(default=0)
    total_bytes = models.BigIntegerField(default=0)
    error = models.TextField(blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("state", "lease_expires_at"), name="job_lease"),)
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=("pull", "push", "create")), name="job_kind"),
            models.CheckConstraint(
                condition=Q(state="running", finished_at=None, lease_expires_at__isnull=False)
                | Q(state__in=("succeeded", "failed", "cancelled"), finished_at__isnull=False, lease_expires_at=None),
                name="job_state",
            ),
            models.CheckConstraint(
                condition=Q(completed_bytes__gte=0) & (Q(total_bytes=0) | Q(completed_bytes__lte=F("total_bytes"))),
                name="job_progress",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
