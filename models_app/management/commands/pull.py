"""``power pull``: add a model to the catalog."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any, TextIO, cast

from models_app.console.command import PowerCommand, add_json


class Command(PowerCommand):
    help = (
        "Add a model to the catalog: by its name, from a URL (an optional #sha256=… is checked), or from a GGUF file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", help="a model's name, an http(s) URL, or the path of a GGUF file")
        parser.add_argument("--name", help="the name it gets; without it, it follows from the source")
        parser.add_argument("--insecure", action="store_true", help="accepted as Ollama's; a URL says by itself")
        add_json(parser)

    def run(self, **options: Any) -> None:
        from models_app.console.pulling import pull

        # Django's wrapper of the stream adds line ends of its own; bars need the bare one.
        stream = sys.stdout if self.stdout.isatty() else cast(TextIO, self.stdout)
        entry = pull(source=options["source"], name=options["name"], stream=stream, as_json=options["json"])
        if options["json"]:
            self.write_json({"status": "success", "model": entry.name.short})
        else:
            self.write(f"pulled '{entry.name.short}'\n")
