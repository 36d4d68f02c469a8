"""What the engine is told of a model. The catalog makes it; the engine never looks a model up."""

from __future__ import annotations

from msgspec import Struct


class ModelSpec(Struct, frozen=True, kw_only=True):
    """One loadable model.

    ``digest`` (64 hex digits of its manifest) is its identity in the pool: two names of one manifest share a worker.
    ``name`` is for messages and metrics only. ``chat_template`` is Jinja source that replaces the file's own; None
    takes the file's. ``projector_path`` is the file that turns images and sound into embeddings, empty for a model of
    text, and ``projector_bytes`` its size; ``adapters`` are LoRA files put on the weights, each with its scale, and
    ``adapters_bytes`` the size of them all. ``kv_bytes_per_token`` is the KV cache's size at f16 for one token, all
    layers. ``embeds_only``: it makes embeddings and no text.
    """

    name: str
    digest: str
    model_path: str
    size_bytes: int
    n_ctx_train: int
    kv_bytes_per_token: int
    n_vocab: int = 0
    n_embd: int = 0
    chat_template: str | None = None
    projector_path: str = ""
    projector_bytes: int = 0
    adapters: tuple[tuple[str, float], ...] = ()
    adapters_bytes: int = 0
    embeds_only: bool = False

    @property
    def least_num_ctx(self) -> int:
        """Tokens of context that a request is given at least: an image needs room (server/sched.go)."""
        return 2048 if self.projector_path else 4
