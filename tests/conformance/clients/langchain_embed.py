"""langchain-tests' standard suites for OllamaEmbeddings and OpenAIEmbeddings, against all-MiniLM-L6-v2 in Power."""

from __future__ import annotations

import os
from typing import Any

from langchain_core.embeddings import Embeddings
from langchain_ollama import OllamaEmbeddings
from langchain_openai import OpenAIEmbeddings
from langchain_tests.integration_tests import EmbeddingsIntegrationTests

MODEL = {"model": os.environ["POWER_EMBED_MODEL"]}
URL = os.environ["POWER_URL"]


class TestOllamaEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return OllamaEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return MODEL | {"base_url": URL}


class TestOpenAIEmbeddings(EmbeddingsIntegrationTests):
    @property
    def embeddings_class(self) -> type[Embeddings]:
        return OpenAIEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        # Otherwise it sends tokens of a vocabulary of OpenAI's.
        own = {"check_embedding_ctx_length": False}
        return MODEL | own | {"base_url": f"{URL}/v1", "api_key": "any key will do"}
