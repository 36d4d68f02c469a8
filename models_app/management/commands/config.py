"""``config``: every setting, its value, and where that came from."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from power_site.conf import resolved
from power_site.conf.show import json_value, markdown, value_text


class Command(BaseCommand):
    help = "Show each setting's value and where it came from; secrets are masked."
    requires_system_checks = []  # noqa: RUF012 - Django's own declaration

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="as JSON")
        parser.add_argument("--markdown", action="store_true", help="the table of settings as the README has it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["markdown"]:
            self.stdout.write(markdown())
        elif options["json"]:
            self.stdout.write(json.dumps(as_json(), indent=2))
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
