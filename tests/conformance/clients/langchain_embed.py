"""langchain-tests' standard suite for OllamaEmbeddings, against a server of Power's with all-MiniLM-L6-v2."""

from __future__ import annotations

import os
from typing import Any

from langchain_core.embeddings import Embeddings
from langchain_ollama import OllamaEmbeddings
from langchain_tests.integration_tests import EmbeddingsIntegrationTests


class TestOllamaEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return OllamaEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": os.environ["POWER_EMBED_MODEL"], "base_url": os.environ["POWER_URL"]}
