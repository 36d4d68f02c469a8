"""The table of Power's commands: what ``power help`` lists, and how much of Django each one needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRow:
    """``catalog_only``: it knows nothing of accounts, sessions and pages. ``database`` False: it answers without one.

    ``takes`` says what the shell completes behind it: "models", "files" or "".
    """

    name: str
    usage: str
    help: str
    aliases: tuple[str, ...] = ()
    catalog_only: bool = True
    database: bool = True
    takes: str = ""


COMMANDS = (
    CommandRow(
        name="serve", usage="serve", aliases=("start",), help="the HTTP server and the web admin", catalog_only=False
    ),
    CommandRow(name="run", usage="run MODEL [PROMPT]", help="ask a model, once or in a chat", takes="models"),
    CommandRow(name="pull", usage="pull SOURCE", help="add a model: a name, a URL, or a GGUF file", takes="files"),
    CommandRow(name="push", usage="push MODEL", help="bring a model to a registry", takes="models"),
    CommandRow(name="create", usage="create MODEL", help="make a model from a Modelfile", takes="files"),
    CommandRow(name="list", usage="list [PREFIX]", aliases=("ls",), help="the models there are", takes="models"),
    CommandRow(name="show", usage="show MODEL", help="what a model is", takes="models"),
    CommandRow(name="cp", usage="cp FROM TO", help="give a model another name", takes="models"),
    CommandRow(name="delete", usage="delete MODEL...", aliases=("rm",), help="remove models", takes="models"),
    CommandRow(name="ps", usage="ps", help="the models in the server's memory", database=False),
    CommandRow(
        name="stop", usage="stop MODEL", help="take a model out of the server's memory", database=False, takes="models"
    ),
    CommandRow(
        name="import-ollama", usage="import-ollama [DIR]", help="take over the models of an Ollama store", takes="files"
    ),
    CommandRow(name="env", usage="env", help="what to export for the clients of this server", database=False),
    CommandRow(name="config", usage="config", help="the settings, and where each came from", database=False),
    CommandRow(
        name="completion", usage="completion SHELL", help="a script that completes commands and models", database=False
    ),
    CommandRow(
        name="createsuperuser", usage="createsuperuser", help="an account for the web admin", catalog_only=False
    ),
)

# Django's own, which work as ever and stand in no list.
_DJANGO_WITHOUT_DATABASE = frozenset(
    {"check", "help", "makemigrations", "migrate", "showmigrations", "sqlmigrate", "test"}
)
_WIDTH = 21
_HEAD = """\
Power serves local language models to a team, over Ollama's and OpenAI's APIs.

usage: power COMMAND [...]

"""
_FOOT = """
power help COMMAND tells of one in detail; power --version prints the version."""


def command_row(name: str) -> CommandRow | None:
    """The row of a command's name or alias."""
    return next((row for row in COMMANDS if name == row.name or name in row.aliases), None)


def is_catalog_only(name: str) -> bool:
    row = command_row(name)
    return row is not None and row.catalog_only


def needs_database(name: str) -> bool:
    row = command_row(name)
    return row.database if row is not None else name not in _DJANGO_WITHOUT_DATABASE


def module_name(name: str) -> str:
    """The module of Django's that runs it: names of modules have no dashes, and an alias may have none of its own."""
    row = command_row(name)
    return (row.name if row is not None else name).replace("-", "_")


def command_names() -> list[str]:
    return [name for row in COMMANDS for name in (row.name, *row.aliases)]


def help_text() -> str:
    lines = [f"  {_usage(row):<{_WIDTH}} {row.help}\n" for row in COMMANDS]
    return _HEAD + "".join(lines) + _FOOT


def _usage(row: CommandRow) -> str:
    name, space, arguments = row.usage.partition(" ")
    aliases = f" ({', '.join(row.aliases)})" if row.aliases else ""
    return name + aliases + space + arguments
