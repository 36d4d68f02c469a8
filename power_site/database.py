"""The database is made and migrated by the first command that needs it.

A stamp in SQLite's ``user_version`` says which set of migrations was applied: comparing it costs a few milliseconds,
where asking Django costs a second. Two processes that start at once take turns on a file lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

from power_site.settings import INSTALLED_APPS

LOCK_NAME = ".migrate.lock"


class DatabaseUnusable(Exception):
    """``str(error)`` is one sentence without a path."""


def ensure_database(path: Path | None = None) -> None:
    """Create and migrate the database (of the settings) where that is left to do. Needs ``django.setup()``. Any thread.

    Raises DatabaseUnusable where the file is not a database or the home can't be written.
    """
    from django.conf import settings

    path = path or Path(str(settings.DATABASES["default"]["NAME"]))
    stamp = _stamp_of_migrations()
    try:
        if _stamp_of(path) == stamp:
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(path.parent / LOCK_NAME):
            if _stamp_of(path) != stamp:
                _migrate(path, stamp)
    except (sqlite3.DatabaseError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DatabaseUnusable(f"the database can't be used: {reason}") from error


def _migrate(path: Path, stamp: int) -> None:
    _migrate_all_apps()
    with closing(sqlite3.connect(path, timeout=30)) as database:
        database.execute(f"PRAGMA user_version = {stamp}")
    path.chmod(0o600)


def _migrate_all_apps() -> None:
    """In a process of its own where this one has not loaded every app (settings_catalog)."""
    from django.apps import apps
    from django.core.management import call_command
    from django.db import connection

    if len(list(apps.get_app_configs())) == len(INSTALLED_APPS):
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
        connection.close()
        return
    command = [sys.executable, "-m", "power_site", "migrate", "--no-input", "--verbosity", "0", "--skip-checks"]
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "power_site.settings"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        raise sqlite3.DatabaseError((done.stderr.strip().splitlines() or ["migrate failed"])[-1])


def _stamp_of(path: Path) -> int | None:
    """The stamp in the file, or None where there is no file yet."""
    if not path.exists():
        return None
    with closing(sqlite3.connect(path, timeout=30)) as database:
        (stamp,) = database.execute("PRAGMA user_version").fetchone()
    return int(stamp)


def _stamp_of_migrations() -> int:
    """31 bits over the names of every app's migrations (``user_version`` is a signed 32-bit number)."""
    names = sorted(
        f"{package}.{file.stem}"
        for package, folder in _app_folders()
        for file in (folder / "migrations").glob("[0-9]*.py")
    )
    return int.from_bytes(hashlib.sha256("\n".join(names).encode()).digest()[:4], "big") >> 1 | 1


def _app_folders() -> Iterator[tuple[str, Path]]:
    """Every app of the full settings, found without being imported."""
    for name in INSTALLED_APPS:
        package = name.partition(".apps.")[0]
        spec = find_spec(package)
        assert spec is not None, "settings.py names installed apps"
        assert spec.origin is not None, "an app is a package"
        yield package, Path(spec.origin).parent


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
