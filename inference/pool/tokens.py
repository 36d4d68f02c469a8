"""The answer to a request for tokens, as it comes from the worker. On the loop's thread."""

from __future__ import annotations

from inference.errors import ShuttingDown
from inference.events import Tokenized
from inference.mailbox import Mailbox


async def tokenized(mailbox: Mailbox) -> Tokenized:
    """Raises the InferenceError that ended the request."""
    await mailbox.wait_started()
    found = next((each for each in await mailbox.get() if isinstance(each, Tokenized)), None)
    if found is None:
        raise ShuttingDown  # nothing else ends a request early without saying why
    return found
