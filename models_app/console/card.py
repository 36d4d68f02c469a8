"""What ``show`` prints of a model: sections of names and values, in Ollama's order (its cmd/cmd.go, showInfo)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from models_app.console.humanize import printable
from models_app.entries import ModelCard

Row = tuple[str, ...]
Section = tuple[str, Sequence[Row]]

_TEXT_LINES = 2
_ARRAY_ITEMS = 4


def card_sections(card: ModelCard, *, verbose: bool) -> list[Section]:
    """Sections that have something to say; ``verbose`` adds the file's metadata and its tensors."""
    sections: list[Section] = [
        ("Model", _model_rows(card)),
        ("Capabilities", [(capability,) for capability in card.entry.capabilities]),
        ("Parameters", [tuple(line.split(maxsplit=1)) for line in card.parameters.splitlines() if line.strip()]),
        ("Metadata", [(key, value_text(value)) for key, value in sorted(card.model_info.items())] if verbose else []),
        ("Tensors", [(t["name"], t["type"], str(t["shape"])) for t in card.tensors] if verbose else []),
        ("System", _head(card.system)),
        ("License", _head(card.license)),
    ]
    return [(title, [tuple(map(printable, row)) for row in rows]) for title, rows in sections if rows]


def _model_rows(card: ModelCard) -> list[Row]:
    details = card.entry.details
    rows = (
        ("architecture", details.family),
        ("parameters", details.parameter_size),
        ("context length", str(details.context_length or "")),
        ("embedding length", str(details.embedding_length or "")),
        ("quantization", details.quantization_level),
    )
    return [row for row in rows if row[1]]


def _head(text: str) -> list[Row]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    shown = lines[:_TEXT_LINES] + ["..."] * (len(lines) > _TEXT_LINES)
    return [(line,) for line in shown]


def value_text(value: Any) -> str:
    """A metadata value on one line; of an array its first items and how many more there are."""
    if isinstance(value, list):
        shown = ", ".join(value_text(item) for item in value[:_ARRAY_ITEMS])
        more = len(value) - _ARRAY_ITEMS
        return f"[{shown}, ...+{more} more]" if more > 0 else f"[{shown}]"
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(str(value).split()) if value is not None else "-"


def plain_card(sections: Iterable[Section]) -> str:
    return "\n".join(f"  {title}\n" + "".join(_lines(rows)) for title, rows in sections)


def _lines(rows: Sequence[Row]) -> list[str]:
    columns = max(len(row) for row in rows)
    widths = [max(len(row[i]) for row in rows if len(row) > i) for i in range(columns)]
    return ["    " + "    ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip() + "\n" for row in rows]


def rich_card(name: str, sections: Iterable[Section], terminal: TextIO) -> str:
    """The same sections in a panel under the model's name."""
    from rich.console import Console, Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    parts: list[Table | Text] = []
    for title, rows in sections:
        grid = Table.grid(padding=(0, 4, 0, 0))
        for row in rows:
            grid.add_row(*(Text(cell) for cell in ("", *row)))
        parts += [Text(title, style="bold cyan"), grid, Text("")]
    console = Console(file=terminal, highlight=False)
    with console.capture() as capture:
        console.print(Panel(Group(*parts[:-1]), title=Text(name, style="bold"), title_align="left", expand=False))
    return capture.get()
