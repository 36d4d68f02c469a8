"""Where vLLM and llama-server have them: at the root, and below ``/v1`` too."""

from __future__ import annotations

from functools import partial

from django.urls import path

from api_openai.errors import error_response
from api_openai.tokens import view as tokens
from power_site.http import endpoint

_route = partial(endpoint, error_response)

urlpatterns = [
    path("tokenize", _route(POST=tokens.tokenize)),
    path("detokenize", _route(POST=tokens.detokenize)),
    path("tokenizer_info", _route(GET=tokens.tokenizer_info)),
]
