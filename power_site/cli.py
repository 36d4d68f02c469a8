"""The command line's entry: ``power pull x`` is ``manage.py pull x``."""

from __future__ import annotations

import gc
import os
import sys

# Commands that answer without the catalog; all others find the database made and migrated.
WITHOUT_DATABASE = {
    "check",
    "config",
    "help",
    "makemigrations",
    "migrate",
    "ps",
    "showmigrations",
    "sqlmigrate",
    "stop",
    "test",
}
# Commands that know nothing of accounts, sessions and pages.
CATALOG_ONLY = {"config", "cp", "delete", "list", "ls", "ps", "pull", "rm", "run", "show", "stop"}
HELP = """\
Power serves local language models to a team, over Ollama's and OpenAI's APIs.

usage: power COMMAND [...]

  serve                the HTTP server and the web admin
  run MODEL [PROMPT]   ask a model, once or in a chat
  pull SOURCE          add a model: a name, a URL, or a GGUF file
  list (ls)            the models there are
  show MODEL           what a model is
  cp FROM TO           give a model another name
  delete (rm) MODEL    remove models
  ps, stop             what the server has in memory
  config               the settings, and where each came from
  createsuperuser      an account for the web admin
  help [COMMAND]       all commands, or one in detail

power --version prints the version."""


def main() -> None:
    sys.exit(run(sys.argv))


def run(argv: list[str]) -> int:
    """One command. Its exit code: 0 done, 1 failed, 2 used or configured wrongly, 130 interrupted."""
    match argv[1:]:
        case [] | ["-h" | "--help"]:
            print(HELP)
            return 0
        case ["-v" | "--version"]:
            print(f"power {power_version()}")
            return 0
    try:
        return _dispatch(argv)
    except KeyboardInterrupt:
        return 130


def power_version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # 30 ms that most commands don't need

    try:
        return version("a3s-power")
    except PackageNotFoundError:
        return "0.1.0"


def _dispatch(argv: list[str]) -> int:
    import django
    from django.core.management import execute_from_command_line, get_commands

    from power_site.conf import ConfigError, config

    settings = "power_site.settings_catalog" if argv[1] in CATALOG_ONLY else "power_site.settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    gc.disable()  # modules are no garbage: looking for some among them is a tenth of a command's start
    try:
        config()
        django.setup()
    except ConfigError as error:
        return _refuse(str(error), 2)
    finally:
        gc.enable()
    if argv[1] != "help" and argv[1] not in get_commands():
        return _refuse(f"there is no command {argv[1]!r}; power --help lists them", 2)
    _prepare(argv)
    execute_from_command_line(argv)
    return 0


def _prepare(argv: list[str]) -> None:
    """The database, where this command needs it."""
    from power_site.database import DatabaseUnusable, ensure_database

    if argv[1] in WITHOUT_DATABASE or not {"-h", "--help"}.isdisjoint(argv):
        return
    try:
        ensure_database()
    except DatabaseUnusable as error:
        sys.exit(_refuse(str(error), 1))


def _refuse(message: str, code: int) -> int:
    print(f"power: {message}", file=sys.stderr)
    return code
