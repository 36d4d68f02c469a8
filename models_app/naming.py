"""Model names by Ollama's grammar (types/model/name.go, internal/modelref): ``[scheme://][host/][namespace/]model[:tag]``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from models_app.errors import InvalidModelName

Selector = Literal["", "local", "cloud"]

DEFAULT_HOST = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"
# Longer than host + namespace + model + tag can be together, so that no work is done on a megabyte of text.
_MAX_TEXT = 640

# Names of devices on Windows (con, nul, com1 …): a model exported under one could never be written to a file there.
_DEVICE = r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.[^:]*)?:"
_HOST = r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}"
_NAMESPACE = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}"
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"
_FULL = re.compile(rf"{_HOST}/{_NAMESPACE}/(?!{_DEVICE}){_PART}:{_PART}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """A complete name. Two names are one model when their ``key`` is equal: the match ignores case, part by part.

    ``selector`` is what a ``:cloud``, ``-cloud`` or ``:local`` suffix asked for; it is no part of the identity.
    """

    host: str = DEFAULT_HOST
    namespace: str = DEFAULT_NAMESPACE
    model: str
    tag: str = DEFAULT_TAG
    scheme: str = field(default="https", compare=False)
    selector: Selector = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not _FULL.fullmatch(self.full):
            raise InvalidModelName(self.full)

    @classmethod
    def parse(cls, text: str) -> ModelName:
        """The name with defaults filled in. Raises InvalidModelName; never returns part of what was written."""
        if not isinstance(text, str) or len(text) > _MAX_TEXT:
            raise InvalidModelName(str(text)[:400])
        base, selector = split_selector(text)
        scheme, rest = _split_scheme(base)
        path, colon, tag = rest.rpartition(":") if rest.rfind(":") > rest.rfind("/") else (rest, "", DEFAULT_TAG)
        parts = path.rsplit("/", 2)
        if (colon and not tag) or not all(parts) or (scheme and len(parts) < 3):
            raise InvalidModelName(text)
        host, namespace, model = [DEFAULT_HOST, DEFAULT_NAMESPACE][: 3 - len(parts)] + parts
        try:
            return cls(
                host=host, namespace=namespace, model=model, tag=tag, scheme=scheme or "https", selector=selector
            )
        except InvalidModelName:
            raise InvalidModelName(text) from None

    @property
    def short(self) -> str:
        """The shortest form, always with its tag: default host and namespace are left out."""
        if self.host.lower() != DEFAULT_HOST:
            return self.full
        if self.namespace.lower() != DEFAULT_NAMESPACE:
            return f"{self.namespace}/{self.model}:{self.tag}"
        return f"{self.model}:{self.tag}"

    @property
    def full(self) -> str:
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def key(self) -> str:
        """The case-folded identity. The grammar is ASCII, so lower() folds all there is."""
        return self.full.lower()

    def __str__(self) -> str:
        return self.short


def split_selector(text: str) -> tuple[str, Selector]:
    """What is left of the name, and the selector its suffix asked for (Ollama's internal/modelref/modelref.go)."""
    base, selector = _cut_selector(text.strip())
    if selector and _cut_selector(base)[1]:
        raise InvalidModelName(text, "use either :local or :cloud, not both")
    return base, selector


def _cut_selector(text: str) -> tuple[str, Selector]:
    head, colon, suffix = text.rpartition(":")
    match suffix.strip().lower() if colon else "":
        case "cloud":
            return head, "cloud"
        case "local":
            return head, "local"
        case lowered if lowered.endswith("-cloud") and "/" not in lowered:
            return f"{head}:{suffix.strip()[: -len('-cloud')]}", "cloud"
    return text, ""


def _split_scheme(text: str) -> tuple[str, str]:
    scheme, separator, rest = text.partition("://")
    return (scheme.lower(), rest) if separator else ("", text)
