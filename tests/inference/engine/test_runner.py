"""The runner's threads, on the fake backend. Waits are on events, with generous limits."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from inference.config import LoadOptions
from inference.engine.fake.backend import FakeBackend
from inference.engine.runner import Runner
from inference.events import Event, Failed, Finished, Started, TextDelta
from inference.request import (
    ChatPrompt,
    Constraint,
    GenerateRequest,
    LazyConstraint,
    Message,
    Opening,
    TextPrompt,
    TokenPrompt,
)
from tests.inference.engine.support import echo, fake_backend

LIMIT_SECONDS = 20.0


class Inbox:
    """What the runner has published, and waiting for it."""

    def __init__(self) -> None:
        self.frames: list[list[tuple[int, Event]]] = []
        self._changed = threading.Condition()

    def publish(self, events: list[tuple[int, Event]]) -> None:
        with self._changed:
            self.frames.append(events)
            self._changed.notify_all()

    def of(self, request_id: int) -> list[Event]:
        return [event for frame in list(self.frames) for each, event in frame if each == request_id]

    def text(self, request_id: int) -> str:
        return "".join(event.text for event in self.of(request_id) if isinstance(event, TextDelta))

    def end(self, request_id: int) -> Finished | Failed:
        self.wait(lambda: self._has_ended(request_id))
        ends = [event for event in self.of(request_id) if isinstance(event, Finished | Failed)]
        assert len(ends) == 1
        return ends[0]

    def _has_ended(self, request_id: int) -> bool:
        return any(isinstance(event, Finished | Failed) for event in self.of(request_id))

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_SECONDS
        with self._changed:
            while not condition():
                assert time.monotonic() < deadline, "it never happened"
                self._changed.wait(0.02)


class Running:
    def __init__(self, query: str, *, num_ctx: int = 256, num_parallel: int = 4) -> None:
        self.backend: FakeBackend = fake_backend(query, num_ctx=num_ctx, num_parallel=num_parallel)
        self.inbox = Inbox()
        options = LoadOptions(num_parallel=num_parallel)
        self.runner = Runner(self.backend, options=options, publish=self.inbox.publish)
        self.runner.start()

    def submit(self, request_id: int, text: str, **request: object) -> None:
        self.runner.submit(request_id, GenerateRequest(prompt=TextPrompt(text=text), **request))  # type: ignore[arg-type]


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Running] = []

    def _start(query: str = "", **options: int) -> Running:
        started.append(Running(query, **options))
        return started[-1]

    yield _start
    for running in started:
        running.runner.close()
        assert not running.runner.is_alive


def test_requests_of_several_threads_are_answered(start: Start) -> None:
    running = start("length=20")
    threads = [threading.Thread(target=running.submit, args=(each, f"prompt {each} ")) for each in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in range(20):
        assert isinstance(running.inbox.end(each), Finished)
        # The fake's echo begins with BOS, which has no text.
        assert running.inbox.text(each).startswith(echo(f"prompt {each} ", 9))


def test_one_frame_carries_every_sequence_of_a_step(start: Start) -> None:
    running = start("length=-1&delay=0.002")
    for each in range(3):
        running.submit(each, f"prompt {each}")
    running.inbox.wait(lambda: any(len({each for each, _ in frame}) == 3 for frame in running.inbox.frames))


def test_a_constraint_that_is_refused_never_starts(start: Start) -> None:
    running = start()
    running.submit(1, "x", constraint=Constraint(kind="json_schema", text="{]"))
    failed = Failed("InvalidConstraint", "invalid format: it is not JSON", {"kind": "json_schema"})
    assert running.inbox.end(1) == failed
    assert running.inbox.of(1) == [failed]


def test_a_schema_that_takes_its_time_keeps_nobody_else_waiting(start: Start) -> None:
    running = start("length=3")
    for each in range(3):
        patterns = [{"type": "string", "pattern": f".*[a-z]{{{n}}}.*"} for n in range(1, 51)]
        text = json.dumps({"title": str(each), "allOf": patterns})
        running.submit(each, "x", constraint=Constraint(kind="json_schema", text=text))
    running.submit(9, "free")
    assert isinstance(running.inbox.end(9), Finished)
    assert not any(running.inbox.of(each) for each in range(3)), "they are still being tried"
    for each in range(3):
        running.runner.cancel(each)


def test_a_chat_is_rendered_and_answered(start: Start) -> None:
    running = start("length=30")
    prompt = ChatPrompt(messages=(Message(role="user", content="hi"),))
    running.runner.submit(1, GenerateRequest(prompt=prompt))
    running.inbox.end(1)
    assert running.inbox.text(1).startswith("User: hi")


def test_a_prompt_that_is_only_rendered_needs_no_decode(start: Start) -> None:
    running = start()
    messages = (Message(role="user", content="long " * 60), Message(role="user", content="hi"))
    running.runner.submit(1, GenerateRequest(prompt=ChatPrompt(messages=messages), render_only=True))
    end = running.inbox.end(1)
    assert isinstance(end, Finished)
    assert running.inbox.text(1) == "User: hi\n\nAssistant:"
    (begin, *_) = running.inbox.of(1)
    assert isinstance(begin, Started)
    assert (begin.n_dropped_messages, begin.n_prompt) == (1, end.n_prompt)
    assert running.backend.decoded == []


def test_a_bad_request_fails_alone_and_at_once(start: Start) -> None:
    running = start("length=5")
    running.runner.submit(1, GenerateRequest(prompt=TokenPrompt(tokens=(99999,))))
    running.submit(2, "fine")
    failed = running.inbox.end(1)
    assert isinstance(failed, Failed)
    assert (failed.error, failed.attributes) == ("InvalidOption", {"option": "prompt"})
    assert isinstance(running.inbox.end(2), Finished)


def test_an_unforeseen_error_in_preparation_fails_one_request(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    running = start("length=5")
    original = running.backend.tokenize

    def tokenize(text: str, **options: bool) -> list[int]:
        if text == "bad":
            raise ValueError("secret text of a prompt")
        return original(text, **options)

    monkeypatch.setattr(running.backend, "tokenize", tokenize)
    running.submit(1, "bad")
    running.submit(2, "good")
    failed = running.inbox.end(1)
    assert isinstance(failed, Failed)
    assert "secret" not in failed.message
    assert isinstance(running.inbox.end(2), Finished)


def test_a_running_request_is_cancelled_and_the_others_go_on(start: Start) -> None:
    running = start("length=60&delay=0.002")
    running.submit(1, "one")
    running.submit(2, "two")
    running.inbox.wait(lambda: len(running.inbox.of(1)) > 5)
    running.runner.cancel(1)
    failed = running.inbox.end(1)
    assert isinstance(failed, Failed)
    assert failed.error == "RequestCancelled"
    assert isinstance(running.inbox.end(2), Finished)
    assert running.inbox.text(2) == echo("\0two", 60).replace("\0", "")


def test_a_long_prefill_is_cancelled_long_before_it_ends(start: Start) -> None:
    running = start("length=5&token_delay=0.2")
    running.submit(1, "x" * 200)
    running.inbox.wait(lambda: bool(running.inbox.of(1)))
    began = time.monotonic()
    running.runner.cancel(1)
    running.inbox.end(1)
    assert time.monotonic() - began < 5.0  # the step alone takes 12.8 seconds


def test_aborting_a_prefill_costs_the_other_sequences_of_the_batch_nothing_but_time(start: Start) -> None:
    running = start("length=40&token_delay=0.002")
    running.submit(1, "the one that stays ")
    running.inbox.wait(lambda: len(running.inbox.of(1)) > 3)
    for each in range(2, 8):
        running.submit(each, f"{each} goes away " * 12)
        running.inbox.wait(lambda: running.runner.stats().n_running + running.runner.stats().n_waiting > 0)
        running.runner.cancel(each)
        running.inbox.end(each)
    assert isinstance(running.inbox.end(1), Finished)
    assert running.inbox.text(1) == echo("\0the one that stays ", 40).replace("\0", "")


def test_cancelling_in_the_queue_leaves_the_queue(start: Start) -> None:
    running = start("length=-1&delay=0.005", num_parallel=1)
    running.submit(1, "one")
    running.inbox.wait(lambda: len(running.inbox.of(1)) > 1)
    running.submit(2, "two")
    running.runner.cancel(2)
    failed = running.inbox.end(2)
    assert isinstance(failed, Failed)
    assert not any(isinstance(event, Started) for event in running.inbox.of(2))


def test_cancelling_twice_or_for_nothing_is_harmless(start: Start) -> None:
    running = start("length=5")
    running.runner.cancel(5)
    running.submit(1, "one")
    running.inbox.end(1)
    running.runner.cancel(1)
    running.runner.cancel(1)
    running.submit(2, "two")
    assert isinstance(running.inbox.end(2), Finished)


def test_closing_ends_every_request_and_refuses_new_ones() -> None:
    running = Running("length=-1&delay=0.005", num_parallel=1)
    for each in (1, 2):
        running.submit(each, f"prompt {each}")
    running.inbox.wait(lambda: len(running.inbox.of(1)) > 2)
    running.runner.close()
    running.submit(3, "late")
    ends = [running.inbox.end(each) for each in (1, 2, 3)]
    assert isinstance(ends[0], Finished)
    assert ends[0].reason == "shutdown"
    assert [end.error for end in ends[1:] if isinstance(end, Failed)] == ["ShuttingDown", "ShuttingDown"]
    running.runner.close()


def test_a_failing_decode_thread_fails_every_request_and_says_so(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    running = start("length=-1&delay=0.005")
    running.submit(1, "one")
    running.inbox.wait(lambda: len(running.inbox.of(1)) > 1)

    def broken(token: int) -> bytes:
        raise RuntimeError

    monkeypatch.setattr(running.backend, "piece", broken)
    running.inbox.end(1)
    running.submit(2, "two")
    assert isinstance(running.inbox.end(2), Failed)
    assert not running.runner.is_alive


def test_stats_count_what_waits_and_runs(start: Start) -> None:
    running = start("length=-1&delay=0.005", num_parallel=2)
    assert running.runner.stats().n_cells == running.backend.info.n_cells
    for each in range(5):
        running.submit(each, f"prompt {each}")
    running.inbox.wait(lambda: running.runner.stats().n_running == 2 and running.runner.stats().n_waiting == 3)
    assert running.runner.stats().n_cells_used > 0
    for each in range(5):
        running.runner.cancel(each)
        running.inbox.end(each)
    running.submit(9, "x", num_predict=1)
    running.inbox.end(9)
    running.inbox.wait(lambda: running.runner.stats().n_running == running.runner.stats().n_waiting == 0)


def test_no_thread_and_no_sampler_is_left_behind_after_many_requests(start: Start) -> None:
    running = start("length=2")
    made: list[object] = []
    freed: list[object] = []
    new = running.backend.new_sampler
    running.backend.new_sampler = lambda *args: (made.append(None), new(*args))[1]  # type: ignore[method-assign]
    original = running.backend.free_sampler
    running.backend.free_sampler = lambda sampler: (freed.append(sampler), original(sampler))[1]  # type: ignore[method-assign]
    n_threads = threading.active_count()
    for each in range(200):
        running.submit(each, "connect and go away")
        running.runner.cancel(each)
    for each in range(200):
        running.inbox.end(each)
    assert threading.active_count() <= n_threads + 2
    assert len(freed) == len(made)


def test_a_constraint_that_begins_later_is_prepared_with_the_request(start: Start) -> None:
    running = start("length=20")
    digits = Constraint(kind="lark", text='start: "<" /[0-9]{3}/')
    lazy = LazyConstraint(openings=(Opening(pattern="<", begins="<"),), constraints=(digits,), once=True)
    running.submit(1, "so <many ", lazy_constraint=lazy)
    running.submit(
        2, "x", lazy_constraint=LazyConstraint(openings=(), constraints=(Constraint(kind="lark"),), needed=True)
    )
    assert isinstance(running.inbox.end(1), Finished)
    text = running.inbox.text(1)
    assert text.startswith("so <")
    assert len(text) == 7
    assert text[4:].isdigit()
    refused = running.inbox.end(2)
    assert isinstance(refused, Failed)
    assert refused.error == "InvalidConstraint"
