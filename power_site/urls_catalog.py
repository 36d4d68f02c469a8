"""The paths that a command serves to itself (``power_site.hosted``): Ollama's wire, without pages and the admin."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("api/", include("api_ollama.urls"))]
