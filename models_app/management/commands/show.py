"""``power show``: what the catalog knows of a model."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from models_app.console.command import PowerCommand, add_json
from models_app.console.humanize import printable

if TYPE_CHECKING:
    from models_app.entries import ModelCard

_TEXTS = ("license", "modelfile", "parameters", "system", "template")
_ONLY_ONE = (  # Ollama's sentence (cmd/cmd.go, ShowHandler)
    "only one of '--license', '--modelfile', '--parameters', '--system', or '--template' can be specified"
)


class Command(PowerCommand):
    help = "Show what a model is: its architecture, parameters, template and licence."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model")
        parser.add_argument("-v", "--verbose", action="store_true", help="also the file's metadata and its tensors")
        for text in _TEXTS:
            parser.add_argument(
                f"--{text}", dest="texts", action="append_const", const=text, default=[], help=f"only the {text}"
            )
        add_json(parser)

    def run(self, **options: Any) -> None:
        from models_app.console.listing import card_json
        from models_app.selectors import model_card

        texts = set(options["texts"])
        if len(texts) > 1:
            raise CommandError(_ONLY_ONE)
        card = model_card(options["model"], verbose=options["verbose"])
        if options["json"]:
            self.write_json(card_json(card))
        elif texts:
            self._write_text(getattr(card, texts.pop()))
        else:
            self._write_card(card, verbose=options["verbose"])

    def _write_text(self, text: str) -> None:
        text = printable(text) if self.terminal else text
        self.write(text if text.endswith("\n") or not text else text + "\n")

    def _write_card(self, card: ModelCard, *, verbose: bool) -> None:
        from models_app.console.card import card_sections, plain_card, rich_card
        from models_app.console.listing import card_json

        sections = card_sections(card_json(card), verbose=verbose)
        terminal = self.terminal
        self.write(rich_card(card.entry.name.short, sections, terminal) if terminal else plain_card(sections))
