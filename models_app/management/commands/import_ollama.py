"""``power import-ollama``: the models of an Ollama store, without copying their bytes."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from models_app.console.command import PowerCommand, add_json

if TYPE_CHECKING:
    from models_app.services.import_ollama import ImportedModel


class Command(PowerCommand):
    help = (
        "Take over the models of an Ollama store by hard links: no bytes are copied, and Ollama goes on as before. "
        "What was taken over already costs nothing, what is broken is skipped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "directory", nargs="?", type=Path, help="the store; $OLLAMA_MODELS or ~/.ollama/models without it"
        )
        parser.add_argument(
            "--no-verify", action="store_true", help="trust the store's files to be what their names say"
        )
        parser.add_argument(
            "--replace", action="store_true", help="also names that the catalog has from elsewhere than Ollama"
        )
        add_json(parser)

    def run(self, **options: Any) -> None:
        n_models = failed = 0
        for model in self._imported(options):
            n_models += 1
            failed += bool(model.problem)
            self._tell(model, as_json=options["json"])
        if not n_models and not options["json"]:
            self.write("the store has no models\n")
        if failed:
            raise CommandError(f"{failed} of {n_models} models could not be taken over")

    def _imported(self, options: dict[str, Any]) -> Iterator[ImportedModel]:
        """Each model once its progress is done with, so that bars and lines don't run into each other."""
        from models_app.console.progress import progress_writer
        from models_app.services.import_ollama import ollama_import
        from power_site.conf import config

        writer = progress_writer(sys.stderr)
        models = ollama_import(
            directory=options["directory"] or config().ollama_dir,
            verify=not options["no_verify"],
            replace_others=options["replace"],
            on_progress=lambda progress: writer.show(progress),
        )
        while True:
            with writer:
                model = next(models, None)
            if model is None:
                return
            yield model
            writer = progress_writer(sys.stderr)

    def _tell(self, model: ImportedModel, *, as_json: bool) -> None:
        from dataclasses import asdict

        if as_json:
            self.write_json(asdict(model))
        else:
            self.write(line(model))


def line(model: ImportedModel) -> str:
    """``smollm2:135m: taken over, 98 MB linked``."""
    from models_app.console.humanize import human_bytes, printable

    if model.problem:
        return printable(f"{model.name}: skipped, {model.problem}") + "\n"
    if not model.is_new:
        return f"{model.name}: there already\n"
    how = ", ".join(
        f"{count} blobs {word}" if count != 1 else f"1 blob {word}"
        for count, word in (
            (model.n_linked, "linked"),
            (model.n_copied, "copied (no link can be made from that file system)"),
            (model.n_present, "there already"),
        )
        if count
    )
    return f"{model.name}: taken over, {human_bytes(model.size_bytes)}, {how}\n"
