"""What both ledgers have to do, and what only one of them does."""

from __future__ import annotations

import pytest

from inference.engine.ledger import CellLedger, StreamLedger, UnifiedLedger

N_OWNERS = 3


@pytest.fixture(params=[UnifiedLedger, StreamLedger])
def ledger(request: pytest.FixtureRequest) -> CellLedger:
    return request.param(30, N_OWNERS)  # type: ignore[no-any-return]


def test_what_is_taken_comes_back(ledger: CellLedger) -> None:
    ledger.take(0, 7)
    ledger.take_one(0)
    ledger.take(1, 2)
    assert (ledger.n_used, ledger.n_free) == (10, 20)
    assert (ledger.n_held([0]), ledger.n_held([0, 1]), ledger.n_held([2])) == (8, 10, 0)
    ledger.delete(0, 2, 4)
    ledger.keep(1, 0)
    assert (ledger.n_used, ledger.n_held([0])) == (6, 6)
    ledger.keep(0, 0)
    assert ledger.n_free == 30


def test_there_is_no_cell_beyond_the_last(ledger: CellLedger) -> None:
    ledger.take(0, 10)
    if not ledger.has_streams:
        ledger.take(1, 20)
    with pytest.raises(IndexError):
        ledger.take(0, 2)
    with pytest.raises(IndexError):
        ledger.take_one(0)


class TestUnified:
    def test_a_shared_cell_is_free_when_the_last_owner_is_gone(self) -> None:
        ledger = UnifiedLedger(4, N_OWNERS)
        ledger.take(0, 3)
        ledger.adopt(0, 1, 2)
        assert (ledger.n_used, ledger.n_held([0, 1])) == (3, 3)
        assert ledger.any_shared(0, 1)
        assert not ledger.any_shared(0, 2)
        ledger.keep(0, 0)
        assert (ledger.n_used, ledger.any_shared(1, 0)) == (2, False)
        ledger.keep(1, 0)
        assert ledger.n_used == 0

    def test_cells_of_two_owners_are_different(self) -> None:
        ledger = UnifiedLedger(6, N_OWNERS)
        ledger.take(0, 3)
        ledger.take(1, 3)
        assert ledger.n_held([0, 1]) == 6
        ledger.delete(0, 0, 2)
        ledger.take(1, 2)
        assert (ledger.n_held([1]), ledger.n_held([0, 1])) == (5, 6)

    def test_what_fits_beside_the_live_ones(self) -> None:
        ledger = UnifiedLedger(6, N_OWNERS)
        ledger.take(0, 2)
        ledger.take(1, 4)
        assert ledger.fits(4, [0])
        assert not ledger.fits(5, [0])


class TestStreams:
    def test_nobody_can_take_what_is_anothers(self) -> None:
        ledger = StreamLedger(30, N_OWNERS)
        ledger.take(0, 10)
        with pytest.raises(IndexError):
            ledger.take(0, 1)
        ledger.take(1, 10)
        assert ledger.fits(10, [0, 1])

    def test_a_copied_prefix_is_there_twice(self) -> None:
        ledger = StreamLedger(30, N_OWNERS)
        ledger.take(0, 5)
        ledger.adopt(0, 1, 4)
        assert (ledger.n_used, ledger.any_shared(0, 0)) == (9, False)
