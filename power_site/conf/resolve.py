"""Where each setting's value comes from: command line > A3S_POWER_* > OLLAMA_* > config.toml > default."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from power_site.conf.table import Config, GPUConfig, Setting, settings

CONFIG_FILE = "config.toml"


class ConfigError(Exception):
    """A setting is wrong. ``str(error)`` is one line with its name, the value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """``source`` is "default", "config.toml", "command line" or the name of an environment variable."""

    setting: Setting
    value: Any
    source: str


def resolve(environ: Mapping[str, str], command_line: Mapping[str, object]) -> dict[str, Resolved]:
    """Every setting by its dotted name. Raises ConfigError."""
    rows = list(settings())
    home = _pick(rows[0], environ, command_line, {})
    assert rows[0].name == "home", "the home comes first: it says where config.toml is"
    document = _flat(_read(Path(home.value).expanduser() / CONFIG_FILE))
    _refuse_unknown(document, [row.name for row in rows[1:]])
    resolved = {row.name: _pick(row, environ, command_line, document) for row in rows}
    return resolved | _derived_folders(resolved)


def build(resolved: Mapping[str, Resolved]) -> Config:
    values = {name: entry.value for name, entry in resolved.items()}
    gpu = GPUConfig(**{name.removeprefix("gpu."): values.pop(name) for name in list(values) if name.startswith("gpu.")})
    return Config(gpu=gpu, **values)


def _pick(
    row: Setting, environ: Mapping[str, str], command_line: Mapping[str, object], document: Mapping[str, object]
) -> Resolved:
    for source, raw in _candidates(row, environ, command_line, document):
        value = _parse(row, raw, source, lambda raw: row.kind.parse(raw))
        return Resolved(row, value, source)
    return Resolved(row, row.default, "default")


def _candidates(
    row: Setting, environ: Mapping[str, str], command_line: Mapping[str, object], document: Mapping[str, object]
) -> Iterator[tuple[str, object]]:
    """In order of precedence. An empty environment variable is one that isn't set, as in Ollama."""
    if command_line.get(row.name) is not None:
        yield "command line", command_line[row.name]
    if environ.get(row.variable):
        yield row.variable, environ[row.variable]
    if row.ollama and environ.get(row.ollama):
        translated = _parse(row, environ[row.ollama].strip(), row.ollama, lambda raw: row.from_ollama(str(raw)))
        if translated is not None:
            yield row.ollama, translated
    if row.name in document:
        yield CONFIG_FILE, document[row.name]


def _parse(row: Setting, raw: object, source: str, parse: Callable[[object], Any]) -> Any:
    try:
        return parse(raw)
    except (ValueError, TypeError) as error:
        shown = "the value given" if row.secret else repr(raw)
        raise ConfigError(f"{row.name} (from {source}): {shown} is not {row.kind.allowed}") from error


def _derived_folders(resolved: Mapping[str, Resolved]) -> dict[str, Resolved]:
    """The folders whose defaults follow from other folders."""
    home = Path(resolved["home"].value).expanduser().absolute()
    data_dir = resolved["data_dir"].value or home
    models_dir = resolved["models_dir"].value or data_dir / "models"
    folders = {"home": home, "data_dir": data_dir, "models_dir": models_dir}
    return {name: Resolved(resolved[name].setting, folder, resolved[name].source) for name, folder in folders.items()}


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{CONFIG_FILE} is not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{CONFIG_FILE} can't be read: {error.strerror}") from error


def _flat(document: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in document.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def _refuse_unknown(document: Mapping[str, object], known: list[str]) -> None:
    for name in document.keys() - set(known):
        import difflib  # 10 ms that only a mistake costs

        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "power config lists the settings"
        raise ConfigError(f"{name} (from {CONFIG_FILE}): there is no such setting, {document[name]!r} is lost; {hint}")
