"""What the gate refuses is refused in the shape of the wire that was called."""

from __future__ import annotations

import json

import pytest

from power_site.gate.refusal import error_body


@pytest.mark.parametrize("path", ["/v1", "/v1/embeddings", "/rerank", "/reranking"])
def test_openais_paths_have_its_envelope_also_at_the_root(path: str) -> None:
    assert set(json.loads(error_body(path, 413, "too large"))["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("path", ["/", "/api/chat", "/health", "/v10"])
def test_all_others_have_ollamas(path: str) -> None:
    assert json.loads(error_body(path, 413, "too large")) == {"error": "too large"}
