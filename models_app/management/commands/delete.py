"""``power delete``: take models out of the catalog, and free what no other model needs."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from models_app.console.command import PowerCommand, add_json
from models_app.console.errors import ServerError
from models_app.errors import CatalogError


class Command(PowerCommand):
    help = "Delete models. Bytes that another model shares stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("models", nargs="+", metavar="model")
        # Nothing is asked, as in Ollama's rm; scripts that say yes beforehand keep working.
        parser.add_argument("-y", "--yes", action="store_true", help="accepted for scripts; nothing is asked")
        add_json(parser)

    def run(self, **options: Any) -> None:
        """Goes through all of them, as ``rm`` does, and fails at the end if any of them could not be deleted."""
        failures = []
        for name in options["models"]:
            try:
                self._delete(name, as_json=options["json"])
            except CatalogError as error:
                failures.append(str(error))
        if failures:
            raise CommandError("; ".join(failures))

    def _delete(self, name: str, *, as_json: bool) -> None:
        from models_app.console.humanize import human_bytes
        from models_app.services.delete import model_delete

        self._unload(name)
        freed = model_delete(name=name)
        if as_json:
            self.write_json({"deleted": name, "freed_bytes": freed})
        else:
            self.write(f"deleted '{name}', freed {human_bytes(freed)}\n")

    def _unload(self, name: str) -> None:
        """A running server may hold the model: it lets go first. Failing to reach it never keeps a model from going."""
        from models_app.console.server import find_server
        from models_app.selectors import model_get

        digest = model_get(name).digest
        try:
            server = find_server()
            if server and any(resident.get("digest") == digest for resident in server.residents()):
                server.unload(name)
        except (ServerError, OSError) as error:
            self.stderr.write(f"Warning: unable to stop model '{name}': {error}")
