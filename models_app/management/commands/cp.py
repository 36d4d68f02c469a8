"""``power cp``: another name for the same model. No bytes are copied."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from models_app.console.command import PowerCommand, add_json


class Command(PowerCommand):
    help = "Give a model another name; both share their blobs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", help="name of a model of the catalog")
        parser.add_argument("destination", help="the new name; a model of that name is replaced")
        add_json(parser)

    def run(self, **options: Any) -> None:
        from models_app.services.copy import model_copy

        source, destination = options["source"], options["destination"]
        model_copy(source=source, destination=destination)
        if options["json"]:
            self.write_json({"source": source, "destination": destination})
        else:
            self.write(f"copied '{source}' to '{destination}'\n")
