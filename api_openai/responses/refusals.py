"""What can be wrong with a response that is asked for by its id. ``api_openai.errors`` has their statuses."""

from __future__ import annotations

from power_site.http import BadRequest


class ResponseNotFound(Exception):
    def __init__(self, response_id: str) -> None:
        super().__init__(f"Response with id '{response_id[:80]}' not found.")


class PreviousResponseNotFound(BadRequest):
    """The one that was named, or one before it: it was deleted, has expired, or was never stored."""

    def __init__(self, response_id: str) -> None:
        super().__init__(f"Previous response with id '{response_id[:80]}' not found.", field="previous_response_id")
