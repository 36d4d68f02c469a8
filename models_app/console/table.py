"""Columns of text: a rich table on a terminal, the same columns as plain padded lines in a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

Row = Sequence[str]
_GAP = 4


def plain_table(header: Row, rows: Sequence[Row]) -> str:
    """Left-aligned columns four spaces apart, as Ollama prints them, so that ``awk '{print $1}'`` finds the name."""
    widths = _widths(header, rows)
    return "".join(_line(row, widths) for row in (header, *rows))


def _widths(header: Row, rows: Sequence[Row]) -> list[int]:
    return [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]


def _line(row: Row, widths: Sequence[int]) -> str:
    return "".join(cell.ljust(width + _GAP) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"


def rich_table(header: Row, rows: Sequence[Row], terminal: TextIO) -> str:
    """The rendered table with its colours. Never narrower than its content: a cut name can't be copied and pasted."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for index, title in enumerate(header):
        table.add_column(title, no_wrap=True, style="cyan" if index == 0 else "")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(file=terminal, highlight=False)
    console.width = max(console.width, sum(_widths(header, rows)) + _GAP * len(header))
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def table(header: Row, rows: Sequence[Row], terminal: TextIO | None) -> str:
    """``terminal`` is the stream when it is one, None for a pipe."""
    return rich_table(header, rows, terminal) if terminal is not None else plain_table(header, rows)
