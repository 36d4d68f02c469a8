"""The stamp that spares every start a look at the migrations."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from power_site import database


@pytest.fixture
def migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the calls of migrate, which here makes an empty file with the stamp."""
    calls: list[int] = []

    def migrate(path: Path, stamp: int) -> None:
        calls.append(stamp)
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA user_version = {stamp}")

    monkeypatch.setattr(database, "_migrate", migrate)
    return calls


def test_it_migrates_once_and_then_only_compares(tmp_path: Path, migrated: list[int]) -> None:
    for _ in range(3):
        database.ensure_database(tmp_path / "new" / "power.sqlite3")
    assert len(migrated) == 1
    assert 0 < migrated[0] < 2**31


def test_comparing_takes_a_few_milliseconds(tmp_path: Path, migrated: list[int]) -> None:
    database.ensure_database(tmp_path / "power.sqlite3")
    began = time.perf_counter()
    for _ in range(10):
        database.ensure_database(tmp_path / "power.sqlite3")
    assert (time.perf_counter() - began) / 10 < 0.05
    assert len(migrated) == 1


def test_another_set_of_migrations_is_applied(
    tmp_path: Path, migrated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    database.ensure_database(tmp_path / "power.sqlite3")
    monkeypatch.setattr(database, "_stamp_of_migrations", lambda: 7)
    database.ensure_database(tmp_path / "power.sqlite3")
    assert migrated[1:] == [7]


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, migrated: list[int]) -> None:
    path = tmp_path / "power.sqlite3"
    path.write_bytes(b"x" * 4096)
    with pytest.raises(database.DatabaseUnusable, match="file is not a database"):
        database.ensure_database(path)
    assert path.read_bytes() == b"x" * 4096
    assert not migrated


def test_a_command_that_knows_only_the_catalog_makes_the_tables_of_every_app(tmp_path: Path) -> None:
    environ = {"PATH": "/usr/bin:/bin", "A3S_POWER_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-m", "power_site", "list"], env=environ, check=True, capture_output=True)
    with sqlite3.connect(tmp_path / "power.sqlite3") as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        (stamp,) = connection.execute("PRAGMA user_version").fetchone()
    assert {"models_app_tag", "auth_user", "django_session"} <= tables
    assert stamp == database._stamp_of_migrations()
