"""Pulls, pushes and creations that a client watches over HTTP. Runs on the loop's thread; the work does not."""

from __future__ import annotations

from functools import partial

import msgspec

from models_app.creation.request import CreateRequest
from models_app.digests import Digest
from models_app.naming import ModelName
from models_app.services.create import model_create
from models_app.services.pull import model_pull
from models_app.services.push import model_push
from models_app.sources.url import URLSource
from models_app.watched import Actions, Watcher
from power_site import runtime

actions = Actions()
runtime.at_stop(actions.shut_down)


def pull_watch(*, source: str, name: str | None = None) -> Watcher:
    """Watches the pull of a model name or an http(s) URL, under ``name`` or the one that the source suggests.

    Raises InvalidModelName, InvalidSource, StoreBusy. Never reads a path: whoever asks may be on another machine.
    """
    is_url = "://" in source
    if is_url:
        URLSource(source)  # only to refuse at once what can't be one
    what = source if is_url else ModelName.parse(source).key
    target = ModelName.parse(name).key if name else ""
    pull = partial(model_pull, source=source, name=name, record_job=True, local_files=False)
    return actions.watch(
        f"pull {what} {target}",
        lambda on_progress, cancelled: pull(on_progress=on_progress, cancelled=cancelled),
    )


def create_watch(request: CreateRequest) -> Watcher:
    """Watches the creation of a model. Raises StoreBusy.

    The request is checked by the work itself: a template takes its time to parse, and that is not the loop's.
    """
    return actions.watch(
        f"create {Digest.of(msgspec.json.encode(request))}",
        lambda on_progress, cancelled: model_create(
            request=request, on_progress=on_progress, cancelled=cancelled, record_job=True
        ),
    )


def push_watch(*, name: str, destination: str = "", insecure: bool = False) -> Watcher:
    """Watches the push of a model of the catalog. Raises InvalidModelName, StoreBusy."""
    key = ModelName.parse(name).key
    push = partial(model_push, name=name, destination=destination, insecure=insecure, record_job=True)
    return actions.watch(
        f"push {key} {destination} {insecure}",
        lambda on_progress, cancelled: push(on_progress=on_progress, cancelled=cancelled),
    )
