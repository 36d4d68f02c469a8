"""What a Modelfile's commands mean together (Ollama's Modelfile.CreateRequest, parser/parser.go)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from models_app.errors import InvalidModelfile
from models_app.modelfile.commands import Modelfile
from models_app.modelfile.parameters import parameters_read

_VERSION: Final = re.compile(r"v?\d+(\.\d+){0,2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """``sources``, ``adapters`` and ``drafts`` are as they were written: names or paths, the caller's to resolve.

    ``ignored_parameters`` are names that did something once.
    """

    sources: tuple[str, ...]
    adapters: tuple[str, ...] = ()
    drafts: tuple[str, ...] = ()
    template: str = ""
    system: str = ""
    licenses: tuple[str, ...] = ()
    renderer: str = ""
    parser: str = ""
    requires: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    messages: tuple[dict[str, str], ...] = ()
    ignored_parameters: tuple[str, ...] = ()


def recipe_read(modelfile: Modelfile) -> Recipe:
    """Of a command that can be said once the last one counts. Raises InvalidModelfile."""
    said = {command.keyword: command.value for command in modelfile.commands}
    lines = [(command.key, command.value) for command in modelfile.commands if command.keyword == "parameter"]
    parameters, ignored = parameters_read(lines)
    return Recipe(
        sources=tuple(modelfile.values("from")),
        adapters=tuple(modelfile.values("adapter")),
        drafts=tuple(modelfile.values("draft")),
        template=said.get("template", ""),
        system=said.get("system", ""),
        licenses=tuple(modelfile.values("license")),
        renderer=said.get("renderer", ""),
        parser=said.get("parser", ""),
        requires=_version(said.get("requires", "")),
        parameters=parameters,
        messages=tuple(
            {"role": command.key, "content": command.value}
            for command in modelfile.commands
            if command.keyword == "message"
        ),
        ignored_parameters=ignored,
    )


def _version(text: str) -> str:
    if text and not _VERSION.fullmatch(text):
        raise InvalidModelfile("requires must be a valid semver (e.g. 0.14.0)")
    return text.removeprefix("v")
