"""What Ollama's endpoints take and answer, for the OpenAPI document."""

from __future__ import annotations

from api_ollama import embed_bodies, responses, wire
from api_ollama.responses import ErrorResponse
from api_ollama.views import blobs, catalog, creation, embed, inference, server, transfers
from power_site.openapi.operation import BINARY, Content, Handler, Operation, streamed, whole

_ANSWER_HEADERS = {
    "X-Power-Ignored-Options": "Options that this server does not know.",
    "X-Power-Truncated": "What of the prompt was left out, and the context it had to fit in.",
}
_PROGRESS = streamed(responses.ProgressResponse, responses.ProgressResponse, ErrorResponse)


def _operation(
    summary: str,
    content: Content | None = None,
    *,
    body: type | None = None,
    statuses: dict[int, Content] | None = None,
    binary_body: bool = False,
    headers: dict[str, str] | None = None,
) -> Operation:
    return Operation(
        summary=summary,
        tag="Ollama",
        error=ErrorResponse,
        body=body,
        binary_body=binary_body,
        statuses=statuses or {200: content or {}},
        headers=headers or {},
    )


def _generation(answer: type) -> Content:
    return streamed(answer, answer, ErrorResponse)


OPERATIONS: dict[Handler, Operation] = {
    inference.generate: _operation(
        "Answer a prompt, load a model, or unload it",
        _generation(responses.GenerateResponse),
        body=wire.GenerateBody,
        headers=_ANSWER_HEADERS,
    ),
    inference.chat: _operation(
        "Answer a conversation, load a model, or unload it",
        _generation(responses.ChatResponse),
        body=wire.ChatBody,
        headers=_ANSWER_HEADERS,
    ),
    embed.embed: _operation(
        "Vectors for texts, each of length 1",
        whole(responses.EmbedResponse),
        body=embed_bodies.EmbedBody,
        headers=_ANSWER_HEADERS,
    ),
    embed.embeddings: _operation(
        "The vector of one text, as the model makes it",
        whole(responses.EmbeddingsResponse),
        body=embed_bodies.EmbeddingsBody,
        headers={"X-Power-Ignored-Options": _ANSWER_HEADERS["X-Power-Ignored-Options"]},
    ),
    catalog.tags: _operation("All models", whole(responses.ListResponse)),
    catalog.show: _operation("One model", whole(responses.ShowResponse), body=wire.ShowBody),
    catalog.copy: _operation("Give a model a second name", body=wire.CopyBody),
    catalog.delete: _operation("Remove a model", body=wire.DeleteBody),
    creation.create: _operation("Make a model of another one or of files", _PROGRESS, body=wire.CreateBody),
    transfers.pull: _operation("Add a model to the catalog", _PROGRESS, body=wire.PullBody),
    transfers.push: _operation("Bring a model to a registry", _PROGRESS, body=wire.PushBody),
    server.version: _operation("The Ollama whose API this is", whole(responses.VersionResponse)),
    server.ps: _operation("The models in memory", whole(responses.ProcessResponse)),
    server.status: _operation("Whether there is a cloud: there is none", whole(responses.StatusResponse)),
    server.me: _operation("Who is signed in: nobody", statuses={401: whole(ErrorResponse)}),
    server.web: _operation("Search the web, which takes a cloud", statuses={403: whole(ErrorResponse)}),
    server.recommendations: _operation("Models to try: none", whole(responses.RecommendationsResponse)),
    server.signout: _operation("Sign out, which nobody can", statuses={401: whole(ErrorResponse)}),
    blobs.check: _operation("Whether the store has a blob", statuses={200: {}, 304: {}}),
    blobs.upload: _operation(
        "Store a blob; 200 where it was there already", binary_body=True, statuses={200: {}, 201: {}}
    ),
    blobs.download: _operation(
        "A blob, or the part that Range names", statuses={200: {BINARY: ()}, 206: {BINARY: ()}, 304: {}}
    ),
    blobs.remove: _operation("Remove a blob that no model needs"),
}
