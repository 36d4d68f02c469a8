from __future__ import annotations

import io

from models_app.console.table import table

HEADER = ("NAME", "SIZE")
ROWS = [("smollm2:135m", "98 MB"), ("a:b", "4.7 GB")]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_plain_padded_columns() -> None:
    assert table(HEADER, ROWS, None) == "NAME            SIZE\nsmollm2:135m    98 MB\na:b             4.7 GB\n"


def test_an_empty_table_is_its_header() -> None:
    assert table(HEADER, [], None) == "NAME    SIZE\n"


def test_a_terminal_gets_the_same_cells() -> None:
    lines = table(HEADER, ROWS, Terminal()).splitlines()
    assert len(lines) == 3
    assert "smollm2:135m" in lines[1]
    assert "98 MB" in lines[1]


def test_a_name_is_never_cut_to_the_width_of_the_terminal(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    name = "registry.example.com/a-team/a-very-long-model-name:with-a-tag"
    assert name in table(HEADER, [(name, "98 MB")], Terminal())


def test_brackets_in_a_cell_are_text_and_no_markup() -> None:
    assert "[red]x[/red]" in table(HEADER, [("[red]x[/red]", "1 B")], Terminal())
