"""What can go wrong between a command and the world, as a sentence for the person at the terminal."""

from __future__ import annotations


class ServerError(Exception):
    """A running server refused or failed. ``status`` is its HTTP status, 0 where there is none."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
