"""The server's API inside this process, for a command that finds no server: no port, no file, nobody else can call it.

Each call is one end of a socket pair; the other end is served by the same protocol and the same handler as a
server's connections, on a loop in a thread of its own. The main thread keeps the terminal, where Ctrl-C arrives.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

import uvicorn
from uvicorn.server import ServerState

from power_site import runtime
from power_site.conf import Config
from power_site.handler import APIHandler
from power_site.protocol import PowerProtocol

T = TypeVar("T")

# What was being generated when its connection closed has ended by then.
_LAST_SECONDS = 1.0


class Hosted:
    """Holds a pool, and with it the loaded models, until ``close``. Needs ``django.setup()``."""

    def __init__(self, config: Config) -> None:
        if not config.debug:
            # What a server reports of its pool would stand in the middle of the chat.
            logging.getLogger().setLevel(logging.WARNING)
        self._settings = uvicorn.Config(
            cast(Any, APIHandler()), http=PowerProtocol, ws="none", lifespan="off", log_config=None, access_log=False
        )
        self._settings.load()
        self._state = ServerState()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pool", daemon=True)
        self._thread.start()
        self._wait(runtime.start(config))

    def connect(self) -> socket.socket:
        """A connection of the caller's own, to speak HTTP on and to close. Any thread but the loop's."""
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self._wait(self._loop.connect_accepted_socket(self._protocol, theirs))
        return ours

    def close(self) -> None:
        """Ends what is being generated; every worker is gone on return."""
        try:
            self._wait(runtime.stop(drain_seconds=_LAST_SECONDS))
        finally:
            runtime.forget()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _protocol(self) -> asyncio.Protocol:
        return PowerProtocol(config=self._settings, server_state=self._state, app_state={}, _loop=self._loop)

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Its result. Ctrl-C cancels it, and waits for it no longer."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise
