"""What OpenAI's endpoints take and answer, for the OpenAPI document."""

from __future__ import annotations

from api_openai.chat import body as chat_body
from api_openai.chat import schema as chat_schema
from api_openai.chat import view as chat
from api_openai.completions import body as completion_body
from api_openai.completions import schema as completion_schema
from api_openai.completions import view as completions
from api_openai.embeddings import body as embedding_body
from api_openai.embeddings import schema as embedding_schema
from api_openai.embeddings import view as embeddings
from api_openai.listing import schema as model_schema
from api_openai.listing import view as models
from api_openai.schema import ErrorEnvelope
from power_site.openapi.operation import SSE, Content, Handler, Operation, streamed, whole


def _operation(summary: str, content: Content, *, body: type | None = None) -> Operation:
    return Operation(summary=summary, tag="OpenAI", error=ErrorEnvelope, body=body, statuses={200: content})


OPERATIONS: dict[Handler, Operation] = {
    models.models: _operation("All models", whole(model_schema.ModelList)),
    models.model: _operation("One model", whole(model_schema.Model)),
    models.model_delete: _operation("Delete a model", whole(model_schema.ModelDeleted)),
    chat.chat_completions: _operation(
        "Answer a conversation",
        streamed(chat_schema.ChatCompletion, chat_schema.ChatCompletionChunk, ErrorEnvelope, by_default=SSE),
        body=chat_body.ChatBody,
    ),
    completions.completions: _operation(
        "Continue a text",
        streamed(completion_schema.Completion, completion_schema.Completion, ErrorEnvelope, by_default=SSE),
        body=completion_body.CompletionBody,
    ),
    embeddings.embeddings: _operation(
        "Embed texts", whole(embedding_schema.EmbeddingList), body=embedding_body.EmbeddingsBody
    ),
}
