"""The server this machine's settings point at, if it runs."""

from __future__ import annotations

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
