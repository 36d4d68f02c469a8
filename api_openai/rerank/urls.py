"""Reranking without ``v1/``, where llama-server and others have it too."""

from __future__ import annotations

from functools import partial

from django.urls import path

from api_openai.errors import error_response
from api_openai.rerank import view
from power_site.http import endpoint

_route = partial(endpoint, partial(error_response, fields=view.FIELDS))

urlpatterns = [
    path("rerank", _route(POST=view.rerank)),
    path("reranking", _route(POST=view.rerank)),
]
