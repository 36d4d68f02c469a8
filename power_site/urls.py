"""Every path of the server."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from api_anthropic import urls as anthropic
from api_openai import urls as openai
from power_site import views
from power_site.wires import beside

# Here and not when Django starts (settings.py has the simple admin app): only the server shows the admin.
admin.autodiscover()

urlpatterns = [
    path("", views.heartbeat),
    path("health", views.health),
    path("metrics", views.metrics_text),
    path("openapi.json", views.openapi),
    path("docs", views.docs),
    path("api/", include("api_ollama.urls")),
    path("v1/", include(beside(openai.urlpatterns, anthropic.shared_urlpatterns, header=anthropic.HEADER))),
    path("v1/", include("api_anthropic.urls")),
    path("", include("api_openai.tokens.urls")),
    path("", include("api_openai.rerank.urls")),
    path("admin/", admin.site.urls),
    path("static/<path:path>", views.static_file),
]

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler500 = views.server_error
