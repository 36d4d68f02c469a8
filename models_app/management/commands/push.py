"""``power push``: bring a model of the catalog to a registry."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from models_app.console.command import PowerCommand, add_json


class Command(PowerCommand):
    help = "Bring a model to the registry that its name says, or to another one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model")
        parser.add_argument("--destination", default="", metavar="URL", help="the registry, instead of the name's own")
        parser.add_argument("--insecure", action="store_true", help="also over an insecure connection")
        add_json(parser)

    def run(self, **options: Any) -> None:
        from models_app.console.progress import progress_writer
        from models_app.console.pulling import ctrl_c_cancels
        from models_app.errors import TransferCancelled
        from models_app.services.push import model_push

        with progress_writer(sys.stderr, as_json=False) as writer, ctrl_c_cancels() as cancelled:
            try:
                model_push(
                    name=options["model"],
                    destination=options["destination"],
                    insecure=options["insecure"],
                    on_progress=writer.show,
                    cancelled=cancelled,
                    record_job=True,
                )
            except TransferCancelled as error:
                raise KeyboardInterrupt from error
        if options["json"]:
            self.write_json({"status": "success", "model": options["model"]})
        else:
            self.write(f"pushed '{options['model']}'\n")
