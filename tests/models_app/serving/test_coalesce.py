"""models_app.serving.coalesce: one query for all who ask at once, and none that is older than the question."""

from __future__ import annotations

import asyncio

import pytest

from models_app.serving.coalesce import Coalesced


class Catalog:
    def __init__(self) -> None:
        self.version = 0
        self.n_loads = 0

    async def load(self, key: str) -> tuple[str, int]:
        self.n_loads += 1
        seen = self.version
        await asyncio.sleep(0.01)
        if key == "missing":
            raise KeyError(key)
        return key, seen


async def test_a_burst_is_answered_by_one_load() -> None:
    catalog = Catalog()
    coalesced = Coalesced(catalog.load)
    answers = await asyncio.gather(*(coalesced.get("a") for _ in range(100)))
    assert set(answers) == {("a", 0)}
    assert catalog.n_loads == 1


async def test_who_asks_while_a_load_runs_gets_the_next_one() -> None:
    catalog = Catalog()
    coalesced = Coalesced(catalog.load)
    first = asyncio.create_task(coalesced.get("a"))
    await asyncio.sleep(0.001)
    catalog.version = 1
    later = await asyncio.gather(*(coalesced.get("a") for _ in range(50)))
    assert await first == ("a", 0)
    assert set(later) == {("a", 1)}, "never an answer from before the question"
    assert catalog.n_loads == 2


async def test_different_keys_do_not_wait_for_each_other() -> None:
    catalog = Catalog()
    coalesced = Coalesced(catalog.load)
    assert await asyncio.gather(coalesced.get("a"), coalesced.get("b")) == [("a", 0), ("b", 0)]
    assert catalog.n_loads == 2


async def test_an_error_reaches_all_and_is_not_kept() -> None:
    catalog = Catalog()
    coalesced = Coalesced(catalog.load)
    answers = await asyncio.gather(*(coalesced.get("missing") for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [KeyError] * 3
    with pytest.raises(KeyError):
        await coalesced.get("missing")
    assert catalog.n_loads == 2


async def test_one_who_leaves_takes_nobody_along() -> None:
    coalesced = Coalesced(Catalog().load)
    leaving, staying = asyncio.create_task(coalesced.get("a")), asyncio.create_task(coalesced.get("a"))
    await asyncio.sleep(0.001)
    leaving.cancel()
    assert await staying == ("a", 0)
