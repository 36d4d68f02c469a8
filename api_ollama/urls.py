"""Ollama's routes, to be included under ``api/``. Methods are those of GenerateRoutes in Ollama's server/routes.go."""

from __future__ import annotations

from functools import partial

from django.urls import path

from api_ollama.errors import error_response
from api_ollama.views import blobs, catalog, creation, embed, inference, server, transfers
from power_site.http import endpoint

_route = partial(endpoint, error_response)

urlpatterns = [
    path("version", _route(GET=server.version, HEAD=server.version)),
    path("tags", _route(GET=catalog.tags, HEAD=catalog.tags)),
    path("ps", _route(GET=server.ps)),
    path("show", _route(POST=catalog.show)),
    path("create", _route(POST=creation.create)),
    path("pull", _route(POST=transfers.pull)),
    path("push", _route(POST=transfers.push)),
    path("copy", _route(POST=catalog.copy)),
    path("delete", _route(DELETE=catalog.delete)),
    path(
        "blobs/<str:digest>",
        _route(HEAD=blobs.check, POST=blobs.upload, GET=blobs.download, DELETE=blobs.remove),
    ),
    path("status", _route(GET=server.status)),
    path("me", _route(POST=server.me)),
    path("signout", _route(POST=server.signout)),
    path("user/keys/<str:key>", _route(DELETE=server.signout)),
    path("experimental/web_search", _route(POST=server.web)),
    path("experimental/web_fetch", _route(POST=server.web)),
    path("experimental/model-recommendations", _route(GET=server.recommendations)),
    path("generate", _route(POST=inference.generate)),
    path("chat", _route(POST=inference.chat)),
    path("embed", _route(POST=embed.embed)),
    path("embeddings", _route(POST=embed.embeddings)),
]
