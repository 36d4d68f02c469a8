"""A scheduler on the fake backend, driven step by step: no threads, and a clock that only moves when it is told to."""

from __future__ import annotations

from collections.abc import Callable

from inference.config import KVLayout, LoadOptions
from inference.engine.constraints import lazy_matcher_for, matcher_for, new_compiler
from inference.engine.fake.backend import FakeBackend, byte_tokens
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.engine.thinking import preserved_pieces, watch_thinking
from inference.events import Event, Failed, Finished, Started, TextDelta
from inference.request import GenerateRequest, TextPrompt
from inference.spec import ModelSpec


def fake_spec(query: str = "", *, n_ctx_train: int = 4096, chat_template: str | None = None) -> ModelSpec:
    return ModelSpec(
        name="fake",
        digest="0" * 64,
        model_path=f"fake:{query}",
        size_bytes=0,
        n_ctx_train=n_ctx_train,
        kv_bytes_per_token=0,
        chat_template=chat_template,
    )


def fake_backend(
    query: str = "", *, num_ctx: int = 256, num_parallel: int = 4, chat_template: str | None = None
) -> FakeBackend:
    options = LoadOptions(num_ctx=num_ctx, num_parallel=num_parallel, num_batch=64)
    return FakeBackend(fake_spec(query, chat_template=chat_template), options)


class Engine:
    """``layout`` of every engine without one of its own in the query, for tests that hold in both."""

    layout: KVLayout = "unified"

    def __init__(self, query: str = "", *, num_ctx: int = 256, num_parallel: int = 4, quantum: int = 64) -> None:
        query = query if "layout=" in query else f"{query}&layout={self.layout}"
        self.backend = fake_backend(query, num_ctx=num_ctx, num_parallel=num_parallel)
        self.now = 0.0
        self.scheduler = Scheduler(self.backend, num_parallel=num_parallel, clock=lambda: self.now, quantum=quantum)
        self.events: list[tuple[int, Event]] = []
        self._n = 0
        self._compiler = new_compiler(self.backend)

    def add(self, prompt: str, **request: object) -> Sequence:
        self._n += 1
        wanted = GenerateRequest(prompt=TextPrompt(text=prompt), **request)  # type: ignore[arg-type]
        tokens = byte_tokens(prompt)
        sampler = self.backend.new_sampler(wanted.sampling, tokens)
        thinking = watch_thinking(self.backend, wanted, prompt)
        sequence = Sequence(
            self._n,
            wanted,
            tokens,
            sampler=sampler,
            arrival=self._n,
            submitted_at=self.now,
            thinking=thinking,
            preserved=preserved_pieces(self.backend, wanted.preserved),
            matcher=matcher_for(self._compiler, wanted, thinking),
            lazy=lazy_matcher_for(self._compiler, wanted),
        )
        self.scheduler.add(sequence)
        return sequence

    def step(self) -> int:
        """Decodes one step and returns its tokens; 0 where there was nothing to do."""
        step = self.scheduler.schedule()
        if step is not None:
            self.backend.decode(step.batch)
            n_tokens = step.batch.n_tokens
            self.scheduler.complete(step)
        self.events += self.scheduler.take_events()
        return 0 if step is None else n_tokens

    def run(self, *, until: Callable[[], bool] | None = None, most: int = 5000) -> None:
        for _ in range(most):
            if until is not None and until():
                return
            if not self.step() and self.scheduler.is_idle:
                assert until is None, "it never came true"
                return
        raise AssertionError("the scheduler does not come to an end")

    def text(self, sequence: Sequence) -> str:
        return "".join(event.text for event in self.of(sequence) if isinstance(event, TextDelta))

    def of(self, sequence: Sequence) -> list[Event]:
        return [event for request_id, event in self.events if request_id == sequence.request_id]

    def started(self, sequence: Sequence) -> Started:
        return next(event for event in self.of(sequence) if isinstance(event, Started))

    def end(self, sequence: Sequence) -> Finished | Failed | None:
        ends = [event for event in self.of(sequence) if isinstance(event, Finished | Failed)]
        assert len(ends) < 2, "a request ends once"
        return ends[0] if ends else None

    def finished(self, sequence: Sequence) -> Finished:
        end = self.end(sequence)
        assert isinstance(end, Finished), end
        return end

    def failed(self, sequence: Sequence) -> Failed:
        end = self.end(sequence)
        assert isinstance(end, Failed), end
        return end


def echo(prompt: str, n: int) -> str:
    """What the fake backend answers: the prompt again and again."""
    return (prompt * (n // len(prompt) + 1))[:n]
