"""The ASGI application: lifespan, the gate, and Django behind it."""

# ruff: noqa: E402 - Django is set up before its parts are imported

from __future__ import annotations

import asyncio
import gc
import logging
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "power_site.settings")

import django

django.setup(set_prefix=False)

from django.urls import get_resolver

from power_site import runtime
from power_site.conf import Config, config
from power_site.database import ensure_database
from power_site.gate import Gate
from power_site.gate.asgi_types import App, Receive, Scope, Send
from power_site.handler import APIHandler, PageHandler, PathSwitch

logger = logging.getLogger("power.asgi")


class Lifespan:
    """The database and the pool before the first request; the pool's end after the last."""

    def __init__(self, app: App, config: Config) -> None:
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        await receive()
        try:
            await asyncio.to_thread(ensure_database)
            await runtime.start(self._config)
            # What is imported stays: looking for garbage among it would stall every stream now and then.
            gc.collect()
            gc.freeze()
        except Exception as error:
            logger.exception("the start failed")
            await send({"type": "lifespan.startup.failed", "message": type(error).__name__})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await runtime.stop(drain_seconds=self._config.drain_seconds)
        runtime.forget()
        await send({"type": "lifespan.shutdown.complete"})


# Now, so that a broken path stops the start and the first request finds everything imported.
get_resolver().url_patterns  # noqa: B018
application = Lifespan(Gate(PathSwitch(APIHandler(), PageHandler()), config()), config())
