"""uvicorn embedded: its own sockets, our protocol, and a stop in two steps.

The first SIGTERM or SIGINT refuses new connections and lets running answers finish for ``drain_seconds``; a second
one, or the deadline, ends them with a last ``shutdown`` event. The process then leaves with exit code 0.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn

from power_site import runtime
from power_site.conf import Config
from power_site.protocol import PowerProtocol

# By name: what is below the composition root may start it, and not import it.
APPLICATION = "power_site.asgi:application"
# After the pool has ended every stream, answers need this long to reach their clients.
LAST_WORDS_SECONDS = 1.5
KEEP_ALIVE_SECONDS = 75
BACKLOG = 2048


class PowerServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, *, drain_seconds: float, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds
        self._on_ready = on_ready
        self._drain: asyncio.Task[None] | None = None
        self._hurry = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        patience = 0.0 if self._hurry else self._drain_seconds
        self._drain = asyncio.create_task(runtime.stop(drain_seconds=patience))
        await super().shutdown(sockets=sockets)
        await self._drain

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Unlike uvicorn's: not raised again at the end, which would make the exit code the signal's."""
        if self.should_exit and self._loop is not None:
            self._hurry = True
            self._loop.call_soon_threadsafe(self._end_now)
        self.should_exit = True

    def _end_now(self) -> None:
        if self._drain is not None and not self._drain.done():
            self._last_words = asyncio.ensure_future(runtime.stop(drain_seconds=0))


def serve(config: Config, sockets: list[socket.socket], on_ready: Callable[[], None]) -> None:
    """Blocks until the server was told to stop and has drained. Exits with 1 where it can't start. The main thread."""
    settings = uvicorn.Config(
        APPLICATION,
        loop="uvloop",
        http=PowerProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(config.drain_seconds + LAST_WORDS_SECONDS) + 1,
    )
    server = PowerServer(settings, drain_seconds=config.drain_seconds, on_ready=on_ready)
    try:
        server.run(sockets)
    except SystemExit:
        # uvicorn's own exit, code 3, after the log has said why.
        sys.exit(1)


def bind(host: str, port: int) -> list[socket.socket]:
    """A listening socket for each address of ``host``. Raises OSError (in use, not ours, no such name)."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = list(dict.fromkeys((family, address) for family, _, _, _, address in found))
    # A free port is free on one address; taking it for the others too could fail.
    chosen = addresses[:1] if port == 0 else addresses
    sockets: list[socket.socket] = []
    try:
        for family, address in chosen:
            sockets.append(_bound(family, address))
    except OSError:
        for bound in sockets:
            bound.close()
        raise
    return sockets


def _bound(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        # Now: of two servers that start at once, one must fail here and say so.
        listener.listen(BACKLOG)
        listener.set_inheritable(False)
    except OSError:
        listener.close()
        raise
    return listener
