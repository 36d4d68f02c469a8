"""``power stop``: take a model out of the running server's memory."""

from __future__ import annotations

from argparse import ArgumentParser
from http import HTTPStatus
from typing import Any

from django.core.management.base import CommandError

from models_app.console.command import PowerCommand, add_json
from models_app.console.errors import ServerError


class Command(PowerCommand):
    help = "Unload a model from the running server; answers that are being generated finish first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model")
        add_json(parser)

    def run(self, **options: Any) -> None:
        from models_app.console.server import find_server, no_server

        server = find_server()
        if server is None:
            raise CommandError(no_server())
        try:
            server.unload(options["model"])
        except ServerError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise CommandError(f'couldn\'t find model "{options["model"]}" to stop') from error
        if options["json"]:
            self.write_json({"stopped": options["model"]})
        else:
            self.write(f"stopped '{options['model']}'\n")
