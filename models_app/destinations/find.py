"""Which destination a push writes to: the host of the model's name, or the one that the caller names."""

from __future__ import annotations

from models_app.destinations.base import Destination
from models_app.errors import DestinationNotSupported
from models_app.naming import ModelName


def destination_find(name: ModelName, *, destination: str, insecure: bool) -> Destination:
    """``destination`` is a registry's URL or empty; ``insecure`` allows plain http. Raises DestinationNotSupported.

    There is no transport yet, so this refuses all; services/push.py needs nothing else from one.
    """
    host = destination.partition("://")[2].partition("/")[0] or destination or name.host
    raise DestinationNotSupported(host.rpartition("@")[2][:350])
