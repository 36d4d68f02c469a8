"""What ``show`` prints of a model: sections of names and values, in Ollama's order (its cmd/cmd.go, showInfo)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from models_app.console.humanize import printable

Row = tuple[str, ...]
Section = tuple[str, Sequence[Row]]

_TEXT_LINES = 2
_ARRAY_ITEMS = 4


def card_sections(shown: dict[str, Any], *, verbose: bool) -> list[Section]:
    """Sections that have something to say; ``shown`` is what ``/api/show`` answers.

    ``verbose`` adds the file's metadata and its tensors.
    """
    info, tensors = shown.get("model_info") or {}, shown.get("tensors") or ()
    parameters = str(shown.get("parameters") or "").splitlines()
    sections: list[Section] = [
        ("Model", _model_rows(shown)),
        ("Capabilities", [(str(capability),) for capability in shown.get("capabilities") or ()]),
        ("Projector", _projector_rows(shown.get("projector_info") or {})),
        ("Parameters", [tuple(line.split(maxsplit=1)) for line in parameters if line.strip()]),
        ("Metadata", [(key, value_text(value)) for key, value in sorted(info.items())] if verbose else []),
        ("Tensors", [(t["name"], t["type"], str(t["shape"])) for t in tensors] if verbose else []),
        ("System", _head(str(shown.get("system") or ""))),
        ("License", _head(str(shown.get("license") or ""))),
    ]
    return [(title, [tuple(map(printable, row)) for row in rows]) for title, rows in sections if rows]


def _model_rows(shown: dict[str, Any]) -> list[Row]:
    details, info = shown.get("details") or {}, shown.get("model_info") or {}
    architecture = info.get("general.architecture") or details.get("family")
    rows = (
        ("architecture", architecture),
        ("parameters", details.get("parameter_size")),
        ("context length", details.get("context_length") or info.get(f"{architecture}.context_length")),
        ("embedding length", details.get("embedding_length") or info.get(f"{architecture}.embedding_length")),
        ("quantization", details.get("quantization_level")),
        ("requires", shown.get("requires")),
    )
    return _filled(rows)


def _projector_rows(info: dict[str, Any]) -> list[Row]:
    """What reads pictures or sounds for the model."""
    architecture = info.get("general.architecture")

    def value(name: str) -> Any:
        return info.get(f"{architecture}.vision.{name}") or info.get(f"{architecture}.audio.{name}")

    rows = (
        ("architecture", architecture),
        ("embedding length", value("embedding_length")),
        ("dimensions", value("projection_dim")),
    )
    return _filled(rows)


def _filled(rows: Iterable[tuple[str, Any]]) -> list[Row]:
    return [(title, str(value)) for title, value in rows if value]


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
