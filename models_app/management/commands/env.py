"""``power env``: what to export, so that clients made for others come to this server."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from models_app.console.command import PowerCommand, add_json
from models_app.console.exports import SHELLS


class Command(PowerCommand):
    help = 'Print what to export for the clients of this server; use it with: eval "$(power env)"'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--shell", choices=SHELLS, default="sh", help="whose syntax; sh is also that of bash and zsh"
        )
        add_json(parser)

    def run(self, **options: Any) -> None:
        from django.urls import is_valid_path

        from models_app.console.exports import base_url, export_lines, variables
        from models_app.console.server import configured_client

        client = configured_client()
        values = variables(
            base_url(client.host, client.port),
            speaks_anthropic=bool(is_valid_path("/messages", urlconf="api_anthropic.urls")),
        )
        if options["json"]:
            self.write_json(values)
        else:
            self.write("".join(f"{line}\n" for line in export_lines(values, options["shell"])))
