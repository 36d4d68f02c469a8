"""Which backend a model is opened with. Nothing here imports llama_cpp before a model asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from inference.config import BackendKind, LoadOptions
from inference.engine.backend import Backend, EmbedSource
from inference.engine.threads import limit_spinning
from inference.errors import BackendNotAvailable
from inference.spec import ModelSpec


def llama_available() -> bool:
    try:
        return find_spec("llama_cpp") is not None
    except (ImportError, ValueError):  # an import hook that refuses it, a module without a spec
        return False


def open_backend(
    spec: ModelSpec, options: LoadOptions, *, kind: BackendKind, on_progress: Callable[[float], None]
) -> Backend:
    """Loads the model; takes as long as that takes. ``on_progress`` gets fractions from 0 to 1 on this thread.

    Raises BackendNotAvailable, ModelLoadError.
    """
    if kind == "fake":
        return _fake(spec, options, on_progress)
    with _llama():
        from inference.engine.llama.backend import LlamaBackend

    return LlamaBackend(spec, options, on_progress=on_progress)


def open_embed_source(
    spec: ModelSpec, options: LoadOptions, *, kind: BackendKind, on_progress: Callable[[float], None]
) -> EmbedSource:
    """Loads a model that embeds and does nothing else. Raises as ``open_backend``."""
    if kind == "fake":
        return _fake(spec, options, on_progress)
    with _llama():
        from inference.engine.llama.embed import LlamaEmbedModel

    return LlamaEmbedModel(spec, options, on_progress=on_progress)


def _fake(spec: ModelSpec, options: LoadOptions, on_progress: Callable[[float], None]) -> Backend:
    from inference.engine.fake.backend import FakeBackend

    return FakeBackend(spec, options, on_progress=on_progress)


@contextmanager
def _llama() -> Iterator[None]:
    """For an import that brings llama_cpp: it is not there, or it is there and can't be loaded."""
    if not llama_available():
        raise BackendNotAvailable
    limit_spinning()
    try:
        yield
    except ImportError as error:
        raise BackendNotAvailable from error
