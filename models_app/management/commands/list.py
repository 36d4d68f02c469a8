"""``power list``: the catalog's models, newest first."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from models_app.console.command import PowerCommand, add_json


class Command(PowerCommand):
    help = "List the models of the catalog."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prefix", nargs="?", default="", help="only names that begin with this")
        add_json(parser)

    def run(self, **options: Any) -> None:
        from models_app.console.listing import LIST_HEADER, entry_json, entry_row
        from models_app.selectors import model_list

        prefix = options["prefix"].lower()
        entries = [entry for entry in model_list() if entry.name.short.lower().startswith(prefix)]
        if options["json"]:
            self.write_json({"models": [entry_json(entry) for entry in entries]})
        else:
            now = timezone.now()
            self.write_table(LIST_HEADER, [entry_row(entry, now) for entry in entries])
