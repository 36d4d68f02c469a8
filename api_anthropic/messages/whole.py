"""A message that doesn't stream."""

from __future__ import annotations

from typing import Any

from api_anthropic.messages.blocks import Content
from api_anthropic.messages.reply import Reply
from inference.events import Finished
from models_app.serving import Generation


async def whole_message(generation: Generation, reply: Reply) -> dict[str, Any]:
    """Reads to the end. Raises the InferenceError that ended the generation; always closes it."""
    content = Content(reply)
    finished: Finished | None = None
    try:
        async for events in generation:
            for event in events:
                content.add(event)
                finished = event if isinstance(event, Finished) else finished
    finally:
        generation.close()
    assert finished is not None, "a stream ends with Finished or raises"
    usage = reply.usage(finished, n_output=finished.n_generated, n_thinking=content.n_thinking)
    return reply.message(
        content=content.blocks(),
        usage=usage | {"cache_creation": None, "inference_geo": None, "service_tier": "standard"},
        ending=reply.ending(finished, has_calls=content.has_calls),
    )
