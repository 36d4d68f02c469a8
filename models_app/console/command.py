"""The base of Power's commands: exit codes, one line for an error, ``--json``.

Exit codes: 0 done, 1 failed with one line on stderr, 2 wrong usage, 130 interrupted by Ctrl-C.
A traceback is shown only with ``--traceback``.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace, _ActionsContainer
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser, handle_default_options
from django.db import DatabaseError

from models_app.console.errors import ServerError
from models_app.console.table import Row, table
from models_app.errors import CatalogError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class UsageError(CommandError):
    """The command line makes no sense; exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=EXIT_USAGE)


class PowerCommand(BaseCommand):
    """A subclass sets ``help`` and implements ``add_arguments`` and ``run``.

    Django's own options keep working but stay out of the help, and a command may take one over (``show -v``).
    """

    requires_system_checks = ()
    suppressed_base_arguments = {  # noqa: RUF012 - as Django declares it
        "--version", "--verbosity", "--settings", "--pythonpath", "--traceback",
        "--no-color", "--force-color", "--skip-checks",
    }  # fmt: skip

    # Names of the settings that the help says can be set in the environment.
    told_settings: tuple[str, ...] = ()

    def run(self, **options: Any) -> None:
        raise NotImplementedError

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        shown = subcommand.replace("_", "-")  # a module's name has no dash, a command's has
        epilog = _environment(self.told_settings)
        return super().create_parser(prog_name, shown, conflict_handler="resolve", epilog=epilog, **kwargs)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.run(**options)
        except Exception as error:
            expected = _as_command_error(error)
            if expected is error:
                raise
            raise expected from error

    def run_from_argv(self, argv: list[str]) -> None:
        """Django's own prefixes the message with the exception's class and knows neither 130 nor a closed pipe."""
        self._called_from_command_line = True
        options = vars(self.create_parser(argv[0], argv[1]).parse_args(argv[2:]))
        handle_default_options(Namespace(**options))
        exit_code = _run(lambda: self.execute(*options.pop("args", ()), **options), traceback=options["traceback"])
        if exit_code:
            sys.exit(exit_code)

    @property
    def terminal(self) -> TextIO | None:
        """Standard output when it is a terminal."""
        return sys.stdout if self.stdout.isatty() else None

    def write(self, text: str) -> None:
        self.stdout.write(text, ending="")

    def write_table(self, header: Row, rows: Sequence[Row]) -> None:
        self.write(table(header, rows, self.terminal))

    def write_json(self, value: object) -> None:
        """One JSON value on one line, at once: a reader may be following."""
        import orjson

        self.write(orjson.dumps(value).decode() + "\n")
        self.stdout.flush()


def add_json(parser: _ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, one value a line")


def _environment(names: tuple[str, ...]) -> str | None:
    """Where the settings come from that a command obeys, in one paragraph."""
    if not names:
        return None
    from power_site.conf.table import settings

    found = [
        f"{row.variable} (or {row.ollama})" if row.ollama else row.variable for row in settings() if row.name in names
    ]
    return f"environment: {', '.join(found)}. All settings, and where each came from: power config"


def _run(execute: Callable[[], object], *, traceback: bool) -> int:
    try:
        execute()
        sys.stdout.flush()
    except CommandError as error:
        if traceback:
            raise
        print(f"Error: {error}", file=sys.stderr)
        return error.returncode
    except BrokenPipeError:
        # The reader has gone (``| head``): nothing to say, and nothing may fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def _as_command_error(error: Exception) -> Exception:
    """What is expected to go wrong, as one sentence; anything else is a bug and keeps its own face."""
    from inference.errors import InferenceError  # here, because the package brings the whole pool along

    if isinstance(error, (CatalogError, InferenceError, ServerError, ImproperlyConfigured)):
        return CommandError(str(error))
    if isinstance(error, DatabaseError):
        return CommandError(f"the catalog's database can't be used: {error}")
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        return CommandError(error.strerror or type(error).__name__)
    return error
