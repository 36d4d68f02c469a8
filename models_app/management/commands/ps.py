"""``power ps``: the models that a running server holds in memory."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from models_app.console.command import PowerCommand, add_json


class Command(PowerCommand):
    help = "List the models in the memory of the running server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prefix", nargs="?", default="", help="only names that begin with this")
        add_json(parser)

    def run(self, **options: Any) -> None:
        from models_app.console.listing import PS_HEADER, resident_row
        from models_app.console.server import find_server, no_server

        server = find_server()
        if server is None:
            self.stderr.write(no_server())
        prefix = options["prefix"].lower()
        residents = [r for r in (server.residents() if server else []) if str(r.get("name")).lower().startswith(prefix)]
        if options["json"]:
            self.write_json({"models": residents})
        else:
            now = timezone.now()
            self.write_table(PS_HEADER, [resident_row(resident, now) for resident in residents])
