"""The models' names for the completion of a shell, straight from the database: Django would take half a second."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from models_app.errors import InvalidModelName
from models_app.naming import ModelName

_SQL = "SELECT host, namespace, model, tag FROM models_app_tag ORDER BY model, tag"


def model_names(database: Path) -> list[str]:
    """The shortest form of each name; none where there is no database yet, or one that can't be read."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=0.5)) as connection:
            rows = connection.execute(_SQL).fetchall()
    except sqlite3.Error:
        return []
    return [name for row in rows if (name := _short(*row))]


def _short(host: str, namespace: str, model: str, tag: str) -> str:
    try:
        return ModelName(host=host, namespace=namespace, model=model, tag=tag).short
    except InvalidModelName:
        return ""
