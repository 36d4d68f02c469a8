from __future__ import annotations

import pytest

from inference.engine.ledger import CellLedger


def test_taken_cells_are_different_and_come_back() -> None:
    ledger = CellLedger(10)
    cells = ledger.take(7)
    assert len(set(cells.tolist())) == 7
    assert (ledger.n_used, ledger.n_free) == (7, 3)
    ledger.drop(cells)
    assert ledger.n_free == 10
    assert len(set(ledger.take(10).tolist())) == 10


def test_a_shared_cell_is_free_when_the_last_user_is_gone() -> None:
    ledger = CellLedger(4)
    cells = ledger.take(2)
    ledger.share(cells)
    assert ledger.any_shared(cells)
    ledger.drop(cells)
    assert (ledger.n_used, ledger.any_shared(cells)) == (2, False)
    ledger.drop(cells)
    assert ledger.n_used == 0


def test_there_is_no_cell_beyond_the_last() -> None:
    ledger = CellLedger(2)
    ledger.take(1)
    with pytest.raises(IndexError):
        ledger.take(2)
    ledger.take_one()
    with pytest.raises(IndexError):
        ledger.take_one()
