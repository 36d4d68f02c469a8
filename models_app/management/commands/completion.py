"""``power completion``: a script for the shell, made from the commands' own parsers."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.core.management import get_commands, load_command_class

from models_app.console.command import PowerCommand
from models_app.console.completion import SCRIPTS
from power_site.commands import COMMANDS, CommandRow, module_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models_app.console.completion import Completed


class Command(PowerCommand):
    help = "Print a script that completes commands, flags and models' names: source <(power completion bash)"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("shell", choices=sorted(SCRIPTS))

    def run(self, **options: Any) -> None:
        completed = [each for row in COMMANDS for each in _completed(row)]
        self.write(SCRIPTS[options["shell"]](completed))


def _completed(row: CommandRow) -> Iterator[Completed]:
    """The row under each of its names."""
    from models_app.console.completion import Completed

    flags = _flags(module_name(row.name))
    for name in (row.name, *row.aliases):
        yield Completed(name=name, help=row.help, flags=flags, takes_models=row.takes == "models")


def _flags(module: str) -> tuple[tuple[str, str], ...]:
    """The flags of a command of ours, with their help; those of others (Django's) are not ours to offer."""
    app = get_commands().get(module)
    if not isinstance(app, str):
        return ()
    command = load_command_class(app, module)
    if not isinstance(command, PowerCommand):
        return ()
    parser = command.create_parser("power", module)
    actions = [action for action in parser._actions if action.option_strings and action.help != argparse.SUPPRESS]
    return tuple((flag, str(action.help or "")) for action in actions for flag in action.option_strings)
