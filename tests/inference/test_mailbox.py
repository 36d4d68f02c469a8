from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from inference.errors import DecodeFailed, RequestCancelled
from inference.events import Event, Failed, Finished, Started, TextDelta, ThinkingDelta, TokenLogprob, ToolCall
from inference.mailbox import Mailbox, coalesced

STARTED = Started(1, 0, 10)
FINISHED = Finished("stop", 1, 0, 2, 0.0, 0.0)


class Calls:
    def __init__(self) -> None:
        self.ends: list[Event | None] = []
        self.n_overflows = 0

    def overflow(self) -> None:
        self.n_overflows += 1


@pytest.fixture
def calls() -> Calls:
    return Calls()


@pytest.fixture
def mailbox(calls: Calls) -> Mailbox:
    return Mailbox(on_end=calls.ends.append, on_overflow=calls.overflow, max_unread_bytes=100)


async def test_what_has_piled_up_is_read_at_once_with_text_joined(mailbox: Mailbox, calls: Calls) -> None:
    for event in (STARTED, TextDelta("a"), TextDelta("b", 2), FINISHED):
        mailbox.put(event)
    assert await mailbox.wait_started() == STARTED
    assert await mailbox.get() == [TextDelta("ab", 3), FINISHED]
    assert await mailbox.get() == []
    assert calls.ends == [FINISHED]


async def test_a_reader_is_woken_once_for_a_whole_frame(mailbox: Mailbox) -> None:
    batches: list[list[Event]] = []

    async def reader() -> None:
        while events := await mailbox.get():
            batches.append(events)

    task = asyncio.ensure_future(reader())
    await asyncio.sleep(0)
    for frame in (["a", "b"], ["c"]):
        for text in frame:
            mailbox.put(TextDelta(text))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    mailbox.put(FINISHED)
    await task
    assert batches == [[TextDelta("ab", 2)], [TextDelta("c")], [FINISHED]]


async def test_an_error_comes_after_what_was_said_before_it(mailbox: Mailbox, calls: Calls) -> None:
    failed = Failed.of(DecodeFailed("llama.cpp refused a batch"))
    mailbox.put(TextDelta("half"))
    mailbox.put(failed)
    mailbox.put(TextDelta("never"))
    assert await mailbox.get() == [TextDelta("half")]
    for _ in range(2):
        with pytest.raises(DecodeFailed, match="refused a batch"):
            await mailbox.get()
    assert calls.ends == [failed]


async def test_a_request_that_fails_before_it_started_raises_there(mailbox: Mailbox) -> None:
    mailbox.fail(DecodeFailed("no"))
    with pytest.raises(DecodeFailed):
        await mailbox.wait_started()


async def test_more_unread_text_than_allowed_ends_the_request(mailbox: Mailbox, calls: Calls) -> None:
    for _ in range(11):
        mailbox.put(TextDelta("0123456789"))
    assert calls.n_overflows == 1
    assert len(calls.ends) == 1
    mailbox.put(TextDelta("dropped"))
    assert await mailbox.get() == [TextDelta("0123456789" * 11, 11)]
    with pytest.raises(RequestCancelled, match="client too slow"):
        await mailbox.get()


async def test_text_counts_as_the_bytes_it_is_on_the_wire(mailbox: Mailbox, calls: Calls) -> None:
    mailbox.put(TextDelta("漢" * 34))
    assert calls.n_overflows == 1


async def test_reading_makes_room_again(mailbox: Mailbox, calls: Calls) -> None:
    for _ in range(10):
        mailbox.put(TextDelta("x" * 90))
        await mailbox.get()
    assert calls.n_overflows == 0


async def test_a_long_pile_is_folded_and_loses_nothing(calls: Calls) -> None:
    mailbox = Mailbox(on_end=calls.ends.append, on_overflow=calls.overflow)
    for number in range(1000):
        mailbox.put(TextDelta(str(number)))
    assert len(mailbox._unread) < 100
    assert await mailbox.get() == [TextDelta("".join(map(str, range(1000))), 1000)]


async def test_closing_twice_tells_the_reader_and_the_owner_once(mailbox: Mailbox, calls: Calls) -> None:
    reader = asyncio.ensure_future(mailbox.get())
    await asyncio.sleep(0)
    mailbox.close()
    mailbox.close()
    mailbox.put(TextDelta("late"))
    with pytest.raises(RequestCancelled):
        await reader
    assert calls.ends == [None]


async def test_closing_after_the_end_is_silent(mailbox: Mailbox, calls: Calls) -> None:
    mailbox.put(FINISHED)
    mailbox.close()
    assert calls.ends == [FINISHED]
    assert await mailbox.get() == []


async def test_a_reader_that_was_cancelled_can_come_back(mailbox: Mailbox) -> None:
    reader = asyncio.ensure_future(mailbox.get())
    await asyncio.sleep(0)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    mailbox.put(TextDelta("kept"))
    assert await mailbox.get() == [TextDelta("kept")]


def test_only_neighbours_of_one_kind_are_joined() -> None:
    call = ToolCall("f", "{}")
    one, two = TokenLogprob(1, b"a", -0.1), TokenLogprob(2, b"b", -0.2)
    assert coalesced(
        [
            ThinkingDelta("hm"),
            ThinkingDelta("m"),
            TextDelta("a", 1, (one,)),
            TextDelta("b", 1, (two,)),
            call,
            TextDelta("c"),
        ]
    ) == [ThinkingDelta("hmm", 2), TextDelta("ab", 2, (one, two)), call, TextDelta("c")]


async def test_a_token_costs_the_server_microseconds(calls: Calls) -> None:
    """The budget is 8 µs on a quiet machine; the bound here only catches a task or a queue per token."""
    assert await cost_per_token(lambda: Mailbox(on_end=calls.ends.append, on_overflow=calls.overflow)) < 50e-6


async def cost_per_token(make: Callable[[], Mailbox], *, n_readers: int = 16, n_steps: int = 200) -> float:
    mailboxes = [make() for _ in range(n_readers)]

    async def reader(mailbox: Mailbox) -> None:
        while await mailbox.get():
            pass

    readers = [asyncio.ensure_future(reader(mailbox)) for mailbox in mailboxes]
    await asyncio.sleep(0)
    began = time.process_time()
    for _ in range(n_steps):
        for mailbox in mailboxes:
            mailbox.put(TextDelta("word"))
        await asyncio.sleep(0)
    for mailbox in mailboxes:
        mailbox.put(FINISHED)
    await asyncio.gather(*readers)
    return (time.process_time() - began) / (n_readers * n_steps)
