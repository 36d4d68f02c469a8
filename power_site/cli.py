"""The command line's entry: ``power pull x`` is ``manage.py pull x``."""

from __future__ import annotations

import gc
import os
import sys

from power_site.commands import command_names, help_text, is_catalog_only, module_name, needs_database

PROGRAM = "power"


def main() -> None:
    sys.exit(run(sys.argv))


def run(argv: list[str]) -> int:
    """One command. Its exit code: 0 done, 1 failed, 2 used or configured wrongly, 130 interrupted."""
    match argv[1:]:
        case [] | ["-h" | "--help" | "help"]:
            print(help_text())
            return 0
        case ["-v" | "--version"]:
            return _tell_version()
        case ["__models"]:
            return _list_names()
        case ["help", name, *_]:
            argv = [PROGRAM, name, "--help"]
    try:
        # Always by this name: with -m the program would be called __main__.py.
        return _dispatch([PROGRAM, module_name(argv[1]), *argv[2:]], argv[1])
    except KeyboardInterrupt:
        return 130


def power_version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # 30 ms that most commands don't need

    try:
        return version("a3s-power")
    except PackageNotFoundError:
        return "0.1.0"


def _tell_version() -> int:
    """The running server's, and a warning where ours is another (as Ollama's versionHandler, cmd/cmd.go)."""
    own, found = power_version(), _server_version()
    print(f"power version is {found or own}")
    if not found:
        print("Warning: could not connect to a running Power server", file=sys.stderr)
    elif found != own:
        print(f"Warning: client version is {own}", file=sys.stderr)
    return 0


def _server_version() -> str:
    """Empty where none answers."""
    from models_app.console.client import Client
    from models_app.console.errors import ServerError
    from power_site.conf import ConfigError, config

    try:
        return Client(config().host, config().port).version()
    except (ConfigError, ServerError, OSError):
        return ""


def _list_names() -> int:
    """For the shell's completion, which waits for it: no Django, and no word where something is wrong."""
    from models_app.console.names import model_names
    from power_site.conf import ConfigError, config

    try:
        print("\n".join(model_names(config().home / "power.sqlite3")))
    except ConfigError:
        return 1
    return 0


def _dispatch(argv: list[str], written: str) -> int:
    """``argv`` names the command's module, ``written`` is what the user called it."""
    import django
    from django.core.management import execute_from_command_line, get_commands

    from power_site.conf import ConfigError, config

    settings = "power_site.settings_catalog" if is_catalog_only(written) else "power_site.settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings)
    gc.disable()  # modules are no garbage: looking for some among them is a tenth of a command's start
    try:
        config()
        django.setup()
    except ConfigError as error:
        return _refuse(str(error), 2)
    finally:
        gc.enable()
    if argv[1] not in get_commands():
        return _refuse(f"there is no command {written!r}{_suggestion(written)}; power --help lists them", 2)
    if needs_database(written) and {"-h", "--help"}.isdisjoint(argv):
        _prepare()
    execute_from_command_line(argv)
    return 0


def _suggestion(written: str) -> str:
    from difflib import get_close_matches

    found = get_close_matches(written, command_names(), n=1)
    return f", did you mean {found[0]!r}?" if found else ""


def _prepare() -> None:
    """The database, where this command needs it."""
    from power_site.database import DatabaseUnusable, ensure_database

    try:
        ensure_database()
    except DatabaseUnusable as error:
        sys.exit(_refuse(str(error), 1))


def _refuse(message: str, code: int) -> int:
    print(f"power: {message}", file=sys.stderr)
    return code
