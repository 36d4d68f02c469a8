"""A process that works on a store until it is done or killed; the crash tests start it and read its lines of JSON.

store_driver.py check                      the store's report, the catalog's names, SQLite's integrity
store_driver.py pull SOURCE NAME           one pull
store_driver.py die POINT SOURCE NAME      one pull and one deletion, ended by exit 137 where POINT is reached
store_driver.py work SEED COUNT FILE...    pulls, copies and deletions at random, each told before and after
"""

from __future__ import annotations

import json
import os
import random
import sys
from typing import Any, NoReturn

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "power_site.settings"
django.setup()

from django.db import connection  # noqa: E402

from models_app import selectors  # noqa: E402
from models_app.errors import CatalogError, ModelNotFound  # noqa: E402
from models_app.models import ModelInfo, Tag  # noqa: E402
from models_app.services import collect, commit  # noqa: E402
from models_app.services.check import store_check  # noqa: E402
from models_app.services.copy import model_copy  # noqa: E402
from models_app.services.delete import model_delete  # noqa: E402
from models_app.services.pull import model_pull  # noqa: E402
from models_app.store import blobs, partials  # noqa: E402
from power_site.database import ensure_database  # noqa: E402

NAMES = ("a", "b", "team/c", "d:1")


def tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def pull(source: str, name: str) -> None:
    model_pull(source=source, name=name, on_progress=lambda _: None, cancelled=lambda: False)


def check() -> None:
    report = store_check()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        integrity = cursor.fetchall()
        cursor.execute("PRAGMA foreign_key_check")
        integrity += cursor.fetchall()
    tell(
        faults=[*report.missing, *report.damaged, *report.broken],
        integrity=integrity,
        tags={entry.name.short: entry.digest for entry in selectors.model_list()},
    )


def work(seed: str, count: str, *files: str) -> None:
    chance = random.Random(seed)
    for _ in range(int(count)):
        action, name, other = chance.choice(("pull", "pull", "copy", "delete")), *chance.sample(NAMES, 2)
        changed = other if action == "copy" else name
        tell(begin=changed)
        try:
            if action == "pull":
                pull(chance.choice(files), name)
            elif action == "copy":
                model_copy(source=name, destination=other)
            else:
                model_delete(name=name)
        except ModelNotFound:
            pass
        tag = Tag.objects.filter(model=changed.rpartition("/")[2].partition(":")[0]).first()
        tell(end=changed, digest=tag.manifest_id[7:] if tag else None)


def die(point: str, source: str, name: str) -> None:
    owner, attribute = POINTS[point]
    setattr(owner, attribute, _exit)
    pull(source, name)
    model_delete(name=name)


def _exit(*_: object, **__: object) -> NoReturn:
    os._exit(137)


POINTS: dict[str, tuple[Any, str]] = {
    "after the last byte": (partials.Partial, "publish"),
    "before the rename": (blobs, "publish"),
    "after the rename": (blobs, "sync_directory"),
    "before the config is written": (blobs, "blob_write"),
    "before the rows": (commit, "_manifest_write"),
    "amid the rows": (ModelInfo, "save"),
    "before the name": (commit, "tag_point"),
    "after the rows": (commit, "blobs_unlink"),
    "amid a deletion's rows": (collect.Blob.objects, "filter"),
    "before the files go": (collect.blobs, "blob_unlink"),
}

if __name__ == "__main__":
    ensure_database()
    mode, *rest = sys.argv[1:]
    try:
        {"check": check, "pull": pull, "die": die, "work": work}[mode](*rest)
    except CatalogError as error:
        tell(error=type(error).__name__, message=str(error))
        sys.exit(1)
