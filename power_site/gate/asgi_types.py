"""ASGI's shapes, as far as the gate uses them (asgi.readthedocs.io, HTTP 2.3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Coroutine functions and Django's handlers, whose own annotations are narrower than what they take.
App = Callable[[Any, Any, Any], Awaitable[None]]
