"""A model that an installed Python package carries. The package is never imported: only its file is read."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import msgspec

from models_app.errors import PackageNotInstalled
from models_app.naming import ModelName
from models_app.sources.file import FileSource

_TABLE = Path(__file__).with_name("packages.json")


class PackagedModel(msgspec.Struct, frozen=True):
    """``module`` is the package's import name, ``file`` the model's path in it, ``install`` how to get it."""

    name: str
    distribution: str
    module: str
    file: str
    install: str


@cache
def packaged_models() -> dict[str, PackagedModel]:
    """The table (packages.json), by the key of the model's name."""
    models = msgspec.json.decode(_TABLE.read_bytes(), type=list[PackagedModel])
    return {ModelName.parse(model.name).key: model for model in models}


def packaged_source(name: ModelName) -> FileSource | None:
    """None where the table has no such name. Raises PackageNotInstalled where its package isn't here."""
    model = packaged_models().get(name.key)
    if model is None:
        return None
    spec = importlib.util.find_spec(model.module)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    files = [path for folder in folders if (path := Path(folder, model.file)).is_file()]
    if not files:
        raise PackageNotInstalled(name=name.short, package=model.distribution, hint=model.install)
    return FileSource(files[0], origin=f"package:{model.distribution}", name=name.short)
