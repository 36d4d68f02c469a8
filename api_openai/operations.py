"""What OpenAI's endpoints take and answer, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api_openai.audio import body as audio_body
from api_openai.audio import schema as audio_schema
from api_openai.audio import view as audio
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
from api_openai.rerank import body as rerank_body
from api_openai.rerank import schema as rerank_schema
from api_openai.rerank import view as rerank
from api_openai.responses import body as response_body
from api_openai.responses import event_schema as response_events
from api_openai.responses import schema as response_schema
from api_openai.responses import stored_view as stored_responses
from api_openai.responses import view as responses
from api_openai.schema import ErrorEnvelope
from api_openai.tokens import body as token_body
from api_openai.tokens import schema as token_schema
from api_openai.tokens import view as tokens
from power_site.openapi.operation import FORM, JSON, SSE, TEXT, Content, Handler, Operation, streamed, whole


def _operation(summary: str, content: Content, *, body: type | None = None, **query: Mapping[str, Any]) -> Operation:
    statuses = {200: content}
    return Operation(summary=summary, tag="OpenAI", error=ErrorEnvelope, body=body, statuses=statuses, query=query)


_FLAG = {"type": "boolean"}
_INCLUDE = {"type": "array", "items": {"enum": sorted(response_body.INCLUDABLE)}}
_RESPONSE: Content = {JSON: (response_schema.Response,), SSE: response_events.EVENTS}

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
    tokens.tokenize: _operation("Tokens of a text or a chat", whole(token_schema.Tokens), body=token_body.TokenizeBody),
    tokens.detokenize: _operation("Text of tokens", whole(token_schema.Text), body=token_body.DetokenizeBody),
    tokens.tokenizer_info: _operation(
        "What a model's vocabulary is", whole(token_schema.TokenizerInfo), model={"type": "string"}
    ),
    embeddings.embeddings: _operation(
        "Embed texts", whole(embedding_schema.EmbeddingList), body=embedding_body.EmbeddingsBody
    ),
    audio.transcriptions: Operation(
        summary="Write down what is said",
        tag="OpenAI",
        error=ErrorEnvelope,
        body=audio_body.TranscriptionBody,
        body_type=FORM,
        statuses={
            200: {
                JSON: (audio_schema.Transcription,),
                TEXT: (),
                SSE: (audio_schema.TranscriptDelta, audio_schema.TranscriptDone, ErrorEnvelope),
            }
        },
    ),
    rerank.rerank: _operation("Rank documents", whole(rerank_schema.RerankAnswer), body=rerank_body.RerankBody),
    responses.create: _operation("Answer, and keep the answer", _RESPONSE, body=response_body.ResponseBody),
    responses.input_tokens: _operation(
        "Tokens of a response's prompt", whole(response_schema.InputTokens), body=response_body.ResponseBody
    ),
    responses.compact: _operation("Refused: nothing here compacts a conversation", {}),
    stored_responses.retrieve: _operation(
        "A stored response",
        _RESPONSE,
        stream=_FLAG,
        starting_after={"type": "integer", "minimum": 0},
        include_obfuscation=_FLAG,
        include=_INCLUDE,
    ),
    stored_responses.delete: _operation("Delete a stored response", whole(response_schema.ResponseDeleted)),
    stored_responses.cancel: _operation("End a response in the background", whole(response_schema.Response)),
    stored_responses.input_items: _operation(
        "What a response was asked",
        whole(response_schema.InputItemList),
        order={"enum": ["asc", "desc"]},
        after={"type": "string"},
        limit={"type": "integer", "minimum": 1, "maximum": stored_responses.MAX_PAGE},
        include=_INCLUDE,
    ),
}
