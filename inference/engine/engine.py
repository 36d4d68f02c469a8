"""A loaded model at work: the runner that generates and the one that embeds, seen as one by the worker."""

from __future__ import annotations

from collections.abc import Callable

from inference.config import BackendKind, LoadOptions
from inference.engine.backend import BackendInfo, EmbedSource
from inference.engine.embedding.runner import EmbedRunner
from inference.engine.opening import open_backend, open_embed_source
from inference.engine.runner import Publish, Runner, RunnerStats
from inference.engine.tokenizing import Tokenizing
from inference.errors import NotSupported
from inference.events import Failed
from inference.request import EmbedRequest, GenerateRequest, TokenizeRequest
from inference.spec import ModelSpec


class Engine:
    """Methods of any thread; ``publish`` and what ends a request: see the runners. ``runner`` is None for a model that
    only embeds."""

    def __init__(self, source: EmbedSource, runner: Runner | None, *, publish: Publish) -> None:
        self._source = source
        self._runner = runner
        self._embeds = EmbedRunner(source, publish=publish, generates=runner is not None)
        self._tokenizing = (
            Tokenizing(source, publish=publish)
            if runner is None
            else Tokenizing(source, publish=publish, preparer=runner.preparer, threads_for=runner.threads_for)
        )
        self._publish = publish

    @property
    def info(self) -> BackendInfo:
        return self._source.info

    @property
    def is_alive(self) -> bool:
        """False when the decode thread failed: nothing can be done here any more."""
        return self._runner is None or self._runner.is_alive

    def submit(self, request_id: int, request: GenerateRequest) -> None:
        if self._runner is None:
            self._publish([(request_id, Failed.of(NotSupported("this model makes embeddings only")))])
        else:
            self._runner.submit(request_id, request)

    def embed(self, request_id: int, request: EmbedRequest) -> None:
        self._embeds.submit(request_id, request)

    def tokenize(self, request_id: int, request: TokenizeRequest) -> None:
        self._tokenizing.submit(request_id, request)

    def cancel(self, request_id: int) -> None:
        """Unknown and finished ids are ignored."""
        if self._runner is not None:
            self._runner.cancel(request_id)
        self._embeds.cancel(request_id)
        self._tokenizing.cancel(request_id)

    def stats(self) -> RunnerStats:
        embeds = self._embeds.stats()
        if self._runner is None:
            return embeds
        chats = self._runner.stats()
        return RunnerStats(
            n_waiting=chats.n_waiting + embeds.n_waiting,
            n_running=chats.n_running + embeds.n_running,
            n_steps=chats.n_steps + embeds.n_steps,
            n_cells_used=chats.n_cells_used,
            n_cells=chats.n_cells,
        )

    def close(self) -> None:
        """Ends every request and frees the model, the embedding context before the weights it reads."""
        self._tokenizing.close()
        self._embeds.close()
        if self._runner is not None:
            self._runner.close()
        self._source.close()


def open_engine(
    spec: ModelSpec,
    options: LoadOptions,
    *,
    kind: BackendKind,
    on_progress: Callable[[float], None],
    publish: Publish,
) -> Engine:
    """Loads the model and starts its threads; takes as long as that takes. Raises as ``open_backend``."""
    if spec.embeds_only:
        source = open_embed_source(spec, options, kind=kind, on_progress=on_progress)
        return Engine(source, None, publish=publish)
    backend = open_backend(spec, options, kind=kind, on_progress=on_progress)
    runner = Runner(backend, options=options, publish=publish)
    runner.start()
    return Engine(backend, runner, publish=publish)
