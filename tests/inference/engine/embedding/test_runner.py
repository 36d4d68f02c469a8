"""The embedding thread, on the fake backend, whose vectors say which tokens they were made of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from inference.engine.embedding.embedder import Embedder, Vector
from inference.engine.embedding.runner import EmbedRunner
from inference.engine.fake.backend import FakeBackend
from inference.engine.fake.embed import N_DIMS, FakeEmbedder, fake_vector
from inference.engine.fake.vocabulary import BOS, byte_tokens
from inference.errors import ModelLoadError
from inference.events import Failed, Finished, Started
from inference.request import EmbedRequest
from tests.inference.engine.embedding_support import Published
from tests.inference.engine.support import fake_backend


class Running:
    def __init__(self, query: str, *, num_ctx: int, generates: bool, idle_seconds: float) -> None:
        self.backend = fake_backend(query, num_ctx=num_ctx)
        self.opened: list[FakeEmbedder] = []
        self.published = Published()
        self._open = self.backend.open_embedder
        self.backend.open_embedder = self._remember  # type: ignore[method-assign]
        self.runner = EmbedRunner(
            self.backend, publish=self.published.publish, generates=generates, idle_seconds=idle_seconds
        )
        self._n = 0

    def _remember(self, *, n_cells: int) -> FakeEmbedder:
        self.opened.append(self._open(n_cells=n_cells))
        return self.opened[-1]

    def submit(self, *inputs: str | tuple[int, ...], **options: object) -> int:
        self._n += 1
        self.runner.submit(self._n, EmbedRequest(inputs=inputs, **options))  # type: ignore[arg-type]
        return self._n

    def embed(self, *inputs: str | tuple[int, ...], **options: object) -> dict[int, Vector]:
        request_id = self.submit(*inputs, **options)
        assert isinstance(self.published.end(request_id), Finished)
        return self.published.vectors(request_id)


Run = Callable[..., Running]


@pytest.fixture(params=["", "embed_split=0"], ids=["in pieces", "whole"])
def split(request: pytest.FixtureRequest) -> str:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def run() -> Iterator[Run]:
    started: list[Running] = []

    def start(query: str = "", *, num_ctx: int = 256, generates: bool = True, idle_seconds: float = 60) -> Running:
        started.append(Running(query, num_ctx=num_ctx, generates=generates, idle_seconds=idle_seconds))
        return started[-1]

    yield start
    for each in started:
        each.runner.close()
        assert all(embedder.closed for embedder in each.opened)


def expected(text: str, *, normalize: bool = True) -> Vector:
    vector = fake_vector([BOS, *byte_tokens(text)])
    return vector / np.float32(np.linalg.norm(vector)) if normalize else vector


def test_each_input_gets_the_vector_of_its_own_tokens(run: Run, split: str) -> None:
    texts = [f"{'text ' * (i % 7)}{i}" for i in range(40)]
    found = run(split).embed(*texts)
    assert sorted(found) == list(range(40))
    for index, text in enumerate(texts):
        np.testing.assert_allclose(found[index], expected(text), rtol=1e-6)


def test_many_inputs_go_into_few_decodes(run: Run, split: str) -> None:
    running = run(split)
    running.embed(*["abc"] * 64)
    assert len(running.opened[0].decoded) == 8  # eight sequences, in 64 tokens or more


def test_vectors_are_one_long_also_when_they_are_cut(run: Run) -> None:
    running = run()
    (cut,) = running.embed("hello", dimensions=12).values()
    whole = expected("hello", normalize=False)[:12]
    np.testing.assert_allclose(cut, whole / np.linalg.norm(whole), rtol=1e-6)
    (raw,) = running.embed("hello", normalize=False, dimensions=12).values()
    np.testing.assert_allclose(raw, whole, rtol=1e-6)
    assert len(running.embed("hello", dimensions=1000)[0]) == N_DIMS
    np.testing.assert_allclose(running.embed("hello", normalize=None)[0], expected("hello"), rtol=1e-6)


def test_it_tells_what_it_counted(run: Run) -> None:
    running = run(num_ctx=16)
    request_id = running.submit("abc", "x" * 40)
    end = running.published.end(request_id)
    assert running.published.of(request_id)[0] == Started(n_prompt=4 + 16, n_cached=0, n_ctx=16, n_dropped_tokens=25)
    assert isinstance(end, Finished)
    assert (end.n_prompt, end.n_generated, end.reason) == (20, 0, "stop")


def test_no_inputs_are_an_answer_too(run: Run) -> None:
    assert run().embed() == {}


def test_a_refused_request_does_not_open_a_context(run: Run) -> None:
    running = run(num_ctx=8)
    end = running.published.end(running.submit("x" * 40, truncate=False))
    assert isinstance(end, Failed)
    assert end.error == "InputTooLong"
    assert running.opened == []


def test_a_longer_input_gets_a_larger_context_and_the_others_their_answers(run: Run) -> None:
    running = run("token_delay=0.0002", num_ctx=8192)
    first = running.submit(*["short"] * 50)
    second = running.submit("x" * 3500)
    assert isinstance(running.published.end(first), Finished)
    assert isinstance(running.published.end(second), Finished)
    assert len(running.published.vectors(first)) == 50
    np.testing.assert_allclose(running.published.vectors(second)[0], expected("x" * 3500), rtol=1e-5)
    assert running.opened[-1].info.n_cells >= 3501


def test_cancelling_stops_the_decode_and_leaves_the_others_alone(run: Run, split: str) -> None:
    running = run(f"{split}&delay=30".lstrip("&"))
    request_id = running.submit("abc")
    running.published.wait(lambda: running.runner.stats().n_running == 1 and running.runner.is_open)
    running.runner.cancel(request_id)
    end = running.published.end(request_id)
    assert isinstance(end, Failed)
    assert end.error == "RequestCancelled"
    running.runner.cancel(12345)


def test_a_decode_that_fails_costs_only_the_request_to_blame(run: Run, split: str) -> None:
    bad = byte_tokens("!")[0]
    running = run(f"{split}&fail_token={bad}&delay=0.01".lstrip("&"))
    requests = [running.submit("good", "fine", f"{'!' if i == 1 else ''}text") for i in range(3)]
    ends = [running.published.end(request_id) for request_id in requests]
    assert [type(end) for end in ends] == [Finished, Failed, Finished]
    assert ends[1].error == "DecodeFailed"  # type: ignore[union-attr]
    assert len(running.published.vectors(requests[2])) == 3


def test_numbers_that_are_none_are_the_models_failure(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    running = run()
    monkeypatch.setattr(FakeEmbedder, "vector", lambda self, seq_id: np.full(3, np.nan, np.float32))
    end = running.published.end(running.submit("abc"))
    assert isinstance(end, Failed)
    assert (end.error, end.message) == ("ModelFailed", "embedding contains NaN or Inf values")


def test_a_context_that_can_not_be_opened_fails_the_request_and_is_tried_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = run()
    open_embedder = running.backend.open_embedder

    def fail(*, n_cells: int) -> Embedder:
        running.backend.open_embedder = open_embedder  # type: ignore[method-assign]
        raise ModelLoadError("not enough memory")

    monkeypatch.setattr(running.backend, "open_embedder", fail)
    end = running.published.end(running.submit("abc"))
    assert isinstance(end, Failed)
    assert end.error == "ModelLoadError"
    assert len(running.embed("abc")) == 1


def test_an_error_nobody_foresaw_fails_what_is_there_and_not_what_comes(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(self: FakeEmbedder, batch: object) -> None:
        monkeypatch.undo()
        raise RuntimeError("CANARY")

    running = run()
    monkeypatch.setattr(FakeEmbedder, "decode", decode)
    end = running.published.end(running.submit("abc"))
    assert isinstance(end, Failed)
    assert "CANARY" not in end.message
    assert len(running.embed("abc")) == 1


def test_beside_chats_the_context_is_given_back_when_idle(run: Run) -> None:
    running = run(idle_seconds=0.05)
    running.embed("abc")
    running.published.wait(lambda: not running.runner.is_open)
    assert running.opened[0].closed
    running.embed("abc")
    assert len(running.opened) == 2


def test_a_model_that_only_embeds_keeps_its_context(run: Run) -> None:
    running = run(generates=False, idle_seconds=0.01)
    running.embed("abc")
    threading.Event().wait(0.1)
    assert running.runner.is_open
    running.embed("abc")
    assert len(running.opened) == 1


def test_closing_ends_every_request(run: Run) -> None:
    running = run("delay=30")
    first, second = running.submit("abc"), running.submit("def")
    running.published.wait(lambda: running.runner.stats().n_running >= 1)
    running.runner.close()
    ends = [running.published.end(request_id) for request_id in (first, second)]
    assert [end.error for end in ends if isinstance(end, Failed)] == ["ShuttingDown", "ShuttingDown"]
    late = running.published.end(running.submit("too late"))
    assert isinstance(late, Failed)
    assert late.error == "ShuttingDown"


def test_steps_are_counted_for_those_who_watch_for_a_hang(run: Run) -> None:
    running = run()
    running.embed(*["abc"] * 20)
    assert running.runner.stats().n_steps == len(running.opened[0].decoded)
    assert running.runner.stats().n_running == running.runner.stats().n_waiting == 0


def test_the_fake_keeps_its_promises_to_the_engine() -> None:
    backend = fake_backend("embed_split=0", num_ctx=256)
    assert isinstance(backend, FakeBackend)
    assert backend.open_embedder(n_cells=10).info.n_batch >= 256
