"""POST /v1/rerank, and by the other names that llama-server has for it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_openai.body import unknown_fields
from api_openai.embeddings.view import input_usage
from api_openai.errors import Fields
from api_openai.rerank.body import RerankBody, refuse_unsupported
from models_app import serving
from models_app.serving.ranking import RankAsk, model_rank
from power_site.http import convert, ignored_options_header, json_response, read_json

FIELDS = Fields(prompt="documents")


async def rerank(request: HttpRequest) -> HttpResponseBase:
    fields = await read_json(request)
    body = convert(fields, RerankBody)
    refuse_unsupported(fields)
    served = await serving.model_resolve(body.model)
    documents = body.texts()
    ask = RankAsk(
        query=body.query,
        documents=documents,
        options=serving.served_options(served, body.options),
        truncate=body.truncate,
        keep_alive_seconds=body.keep_alive_seconds(),
    )
    made = await model_rank(served, ask)
    answer = {
        "id": f"rerank-{uuid.uuid4().hex}",
        "object": "list",
        "model": body.model,
        "results": _results(made.scores, documents if body.return_documents else None)[: body.top_n],
        "usage": input_usage(made.started.n_prompt),
    }
    ignored = (*ask.options.ignored, *unknown_fields(fields, RerankBody))
    headers = {**ignored_options_header(ignored), **serving.truncation_header(made.started)}
    return json_response(answer, headers=headers)


def _results(scores: Sequence[float], documents: Sequence[str] | None) -> list[dict[str, Any]]:
    """The best first; of equals, the earlier one."""
    best_first = sorted(range(len(scores)), key=lambda index: -scores[index])
    return [
        {"index": index, "relevance_score": scores[index]}
        | ({} if documents is None else {"document": {"text": documents[index]}})
        for index in best_first
    ]
