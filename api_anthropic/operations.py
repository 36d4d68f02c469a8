"""What Anthropic's endpoints take and answer, for the OpenAPI document."""

from __future__ import annotations

from dataclasses import replace

from api_anthropic.listing import schema as model_schema
from api_anthropic.listing import view as models
from api_anthropic.messages import schema as message_schema
from api_anthropic.messages import view as messages
from api_anthropic.messages.body import Body, MessageBody
from api_anthropic.schema import AnthropicError
from power_site.openapi.operation import JSON, SSE, Content, Handler, Operation, whole


def _operation(summary: str, content: Content, *, body: type | None = None) -> Operation:
    return Operation(summary=summary, tag="Anthropic", error=AnthropicError, body=body, statuses={200: content})


OPERATIONS: dict[Handler, Operation] = {
    messages.messages: _operation(
        "Answer a conversation",
        {JSON: (message_schema.AnthropicMessage,), SSE: (*message_schema.EVENTS, AnthropicError)},
        body=MessageBody,
    ),
    messages.count_tokens: _operation("Count a conversation's tokens", whole(message_schema.TokensCount), body=Body),
    models.models: replace(
        _operation("All models", whole(model_schema.AnthropicModelPage)),
        query={
            "limit": {"type": "integer", "minimum": 1, "maximum": models.MAX_LIMIT},
            "after_id": {"type": "string"},
            "before_id": {"type": "string"},
        },
    ),
    models.model: _operation("One model", whole(model_schema.AnthropicModel)),
}
