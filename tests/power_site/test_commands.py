from __future__ import annotations

from django.core.management import get_commands, load_command_class

from models_app.console.command import PowerCommand
from power_site.commands import (
    COMMANDS,
    command_names,
    command_row,
    help_text,
    is_catalog_only,
    module_name,
    needs_database,
)


def test_every_command_of_the_table_is_there_and_every_one_of_ours_is_in_it() -> None:
    found = get_commands()
    assert {module_name(name) for name in command_names()} <= found.keys()
    ours = {
        name
        for name, app in found.items()
        if app == "models_app" and isinstance(load_command_class(app, name), PowerCommand)
    }
    assert ours <= {name.replace("-", "_") for name in command_names()} | {"demo"}


def test_names_are_given_once() -> None:
    assert len(command_names()) == len(set(command_names()))


def test_an_alias_is_its_command() -> None:
    assert command_row("rm") is command_row("delete")
    assert module_name("start") == "serve"
    assert module_name("import-ollama") == "import_ollama"
    assert module_name("createcachetable") == "createcachetable"


def test_what_a_command_needs_follows_from_its_row() -> None:
    assert (is_catalog_only("list"), needs_database("list")) == (True, True)
    assert (is_catalog_only("serve"), needs_database("start")) == (False, True)
    assert (is_catalog_only("migrate"), needs_database("migrate")) == (False, False)
    assert not needs_database("ps")


def test_the_help_lists_every_command_with_its_aliases() -> None:
    text = help_text()
    assert all(row.help in text for row in COMMANDS)
    assert "delete (rm) MODEL..." in text
