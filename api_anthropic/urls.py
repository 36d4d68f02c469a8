"""Anthropic's routes, to be included under ``v1/``. Those of models are at the same paths as OpenAI's."""

from __future__ import annotations

from functools import partial

from django.urls import path

from api_anthropic.errors import error_response
from api_anthropic.listing import view as models
from api_anthropic.messages import view as messages
from power_site.http import endpoint

_route = partial(endpoint, error_response)

urlpatterns = [
    path("messages", _route(POST=messages.messages)),
    path("messages/count_tokens", _route(POST=messages.count_tokens)),
]

# For requests with HEADER, which every client of Anthropic's sends.
HEADER = "anthropic-version"
shared_urlpatterns = [
    path("models", _route(GET=models.models)),
    path("models/", _route(GET=models.models)),
    path("models/<path:name>", _route(GET=models.model)),
]
