"""``config``: every setting, its value, and where that came from."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from models_app.console.command import PowerCommand, add_json
from power_site.conf import resolved
from power_site.conf.show import json_value, markdown, value_text


class Command(PowerCommand):
    help = "Show each setting's value and where it came from; secrets are masked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_json(parser)
        parser.add_argument("--markdown", action="store_true", help="the table of settings as the README has it")

    def run(self, **options: Any) -> None:
        if options["markdown"]:
            self.stdout.write(markdown())
        elif options["json"]:
            self.write_json(as_json())
        else:
            for line in as_lines():
                self.stdout.write(line)


def as_json() -> dict[str, dict[str, Any]]:
    """``{name: {"value", "source"}}``."""
    return {name: {"value": json_value(entry), "source": entry.source} for name, entry in resolved().items()}


def as_lines() -> list[str]:
    """Aligned columns: name, value, source."""
    rows = [(name, value_text(entry), entry.source) for name, entry in resolved().items()]
    name_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"{name:<{name_width}}  {value:<{value_width}}  {source}" for name, value, source in rows]
