"""``power create``: make a model of another one, or of files."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any, TextIO, cast

from models_app.console.command import PowerCommand, add_json


class Command(PowerCommand):
    help = "Make a model of another one, or of GGUF or safetensors files, as a Modelfile says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", help="the name of the new model")
        parser.add_argument("-f", "--file", help='the Modelfile (default "Modelfile"; - reads standard input)')
        parser.add_argument("-q", "--quantize", default="", help="quantize the model to this type (e.g. q4_K_M)")
        parser.add_argument("--draft-quantize", default="", help="quantize the draft model to this type")
        add_json(parser)

    def run(self, **options: Any) -> None:
        from models_app.console.creating import create

        # Django's wrapper of the stream adds line ends of its own; bars need the bare one.
        stream = sys.stdout if self.stdout.isatty() else cast(TextIO, self.stdout)
        entry = create(
            model=options["model"],
            file=options["file"],
            quantize=options["quantize"],
            draft_quantize=options["draft_quantize"],
            stream=stream,
            as_json=options["json"],
            warnings=cast(TextIO, self.stderr),
        )
        if options["json"]:
            self.write_json({"status": "success", "model": entry.name.short})
        else:
            self.write(f"created '{entry.name.short}'\n")
