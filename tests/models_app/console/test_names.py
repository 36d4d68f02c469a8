from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from models_app.console.names import _SQL, model_names


def test_names_are_the_shortest_ones_and_sorted(tmp_path: Path) -> None:
    path = tmp_path / "power.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE models_app_tag (host, namespace, model, tag)")
        rows = [
            ("registry.ollama.ai", "library", "tiny", "1b"),
            ("registry.ollama.ai", "me", "mine", "latest"),
            ("registry.ollama.ai", "library", "bro ken", "1b"),
        ]
        database.executemany("INSERT INTO models_app_tag VALUES (?, ?, ?, ?)", rows)
        database.commit()
    assert model_names(path) == ["me/mine:latest", "tiny:1b"]


@pytest.mark.django_db
def test_the_query_fits_the_catalogs_table() -> None:
    with connection.cursor() as cursor:
        assert cursor.execute(_SQL).fetchall() == []


def test_without_a_database_there_are_no_names_and_none_is_made(tmp_path: Path) -> None:
    path = tmp_path / "power.sqlite3"
    assert model_names(path) == []
    assert not path.exists()
    path.write_text("no database")
    assert model_names(path) == []
