"""OpenAI's routes, to be included under ``v1/``. Names of models hold slashes and colons."""

from __future__ import annotations

from functools import partial

from django.urls import path

from api_openai.audio import view as audio
from api_openai.chat import view as chat
from api_openai.chat.chunks import FIELDS
from api_openai.completions import view as completions
from api_openai.completions.chunks import FIELDS as COMPLETION_FIELDS
from api_openai.embeddings import view as embeddings
from api_openai.errors import error_response
from api_openai.listing import view as models
from api_openai.rerank import urls as rerank
from api_openai.responses import stored_view as stored_responses
from api_openai.responses import view as responses
from api_openai.responses.transcript import FIELDS as RESPONSE_FIELDS
from api_openai.tokens import urls as tokens
from power_site.http import endpoint

_route = partial(endpoint, error_response)
_response = partial(endpoint, partial(error_response, fields=RESPONSE_FIELDS))

urlpatterns = [
    path("models", _route(GET=models.models)),
    path("models/", _route(GET=models.models)),
    path("models/<path:name>", _route(GET=models.model, DELETE=models.model_delete)),
    path("chat/completions", endpoint(partial(error_response, fields=FIELDS), POST=chat.chat_completions)),
    path("completions", endpoint(partial(error_response, fields=COMPLETION_FIELDS), POST=completions.completions)),
    *tokens.urlpatterns,
    path("embeddings", endpoint(partial(error_response, fields=embeddings.FIELDS), POST=embeddings.embeddings)),
    path("audio/transcriptions", _route(POST=audio.transcriptions)),
    *rerank.urlpatterns,
    path("responses", _response(POST=responses.create)),
    path("responses/input_tokens", _response(POST=responses.input_tokens)),
    path("responses/compact", _response(POST=responses.compact)),
    path("responses/<str:response_id>", _route(GET=stored_responses.retrieve, DELETE=stored_responses.delete)),
    path("responses/<str:response_id>/cancel", _route(POST=stored_responses.cancel)),
    path("responses/<str:response_id>/input_items", _route(GET=stored_responses.input_items)),
]
