"""The server this machine's settings point at, if it runs, or one that this process hosts for itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from models_app.console.client import Client


def find_server() -> Client | None:
    """A client of the running server, None where none runs. Raises ServerError when one runs but does not answer."""
    client = configured_client()
    return client if client.is_running() else None


def configured_client() -> Client:
    from power_site.conf import config

    settings = config()
    return Client(settings.host, settings.port)


def no_server() -> str:
    client = configured_client()
    return f"no Power server is running at {client.host}:{client.port}; start one with: power serve"


@contextmanager
def hosted_server() -> Iterator[Client]:
    """A client of a server in this process; its models leave with the context."""
    from power_site.conf import config
    from power_site.hosted import Hosted

    hosted = Hosted(config())
    try:
        yield Client("power", 0, connect=hosted.connect)
    finally:
        hosted.close()
