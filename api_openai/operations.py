"""What OpenAI's endpoints take and answer, for the OpenAPI document."""

from __future__ import annotations

from api_openai import responses, wire
from api_openai.responses import ErrorEnvelope
from api_openai.views import chat, completions, models
from power_site.openapi.operation import SSE, Content, Handler, Operation, streamed, whole


def _operation(summary: str, content: Content, *, body: type | None = None) -> Operation:
    return Operation(summary=summary, tag="OpenAI", error=ErrorEnvelope, body=body, statuses={200: content})


OPERATIONS: dict[Handler, Operation] = {
    models.models: _operation("All models", whole(responses.ModelList)),
    models.model: _operation("One model", whole(responses.Model)),
    chat.chat_completions: _operation(
        "Answer a conversation",
        streamed(responses.ChatCompletion, responses.ChatCompletionChunk, ErrorEnvelope, by_default=SSE),
        body=wire.ChatBody,
    ),
    completions.completions: _operation(
        "Continue a text",
        streamed(responses.Completion, responses.Completion, ErrorEnvelope, by_default=SSE),
        body=wire.CompletionBody,
    ),
}
