"""What is sent fits the types that the OpenAPI document is made from: no field more, none of another type."""

from __future__ import annotations

from typing import Any

import httpx2
import msgspec
import pytest

from api_ollama import responses
from api_ollama.chunks import Endpoint, bare_response, rendered_response, whole_response
from api_ollama.listing import listed_model, loaded_model, shown_model
from api_ollama.progress import progress_object
from inference.events import ThinkingDelta
from models_app.progress import Progress
from tests.api_ollama.test_listing import CARD, ENTRY, RESIDENT
from tests.generations import LOGPROB, generation, texts

INFERENCE: dict[Endpoint, type] = {"generate": responses.GenerateResponse, "chat": responses.ChatResponse}
ENDPOINTS: list[Endpoint] = ["generate", "chat"]


def fits(value: Any, kind: type) -> None:
    msgspec.json.decode(msgspec.json.encode(value), type=kind)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
async def test_whole_answers_fit(endpoint: Endpoint) -> None:
    kind = INFERENCE[endpoint]
    running = generation([ThinkingDelta(text="Hm", n_tokens=1)], *texts("Hi", logprobs=[LOGPROB]))
    fits(await whole_response(endpoint, "m", running), kind)
    fits(await rendered_response(endpoint, "m", generation(*texts("Hi"))), kind)
    fits(bare_response(endpoint, "m", done_reason="load"), kind)


def test_listings_fit() -> None:
    fits(listed_model(ENTRY), responses.ListedModel)
    fits(loaded_model(RESIDENT, ENTRY), responses.LoadedModel)
    fits(loaded_model(RESIDENT, None), responses.LoadedModel)
    fits(shown_model(CARD, system="s"), responses.ShowResponse)


def test_progress_fits() -> None:
    fits(progress_object(Progress(status="a", digest="sha256:b", total=2, completed=1)), responses.ProgressResponse)
    fits(progress_object(Progress(status="a")), responses.ProgressResponse)


@pytest.mark.parametrize(
    ("path", "kind"), [("/api/version", responses.VersionResponse), ("/api/status", responses.StatusResponse)]
)
async def test_the_servers_own_words_fit(api: httpx2.AsyncClient, path: str, kind: type) -> None:
    msgspec.json.decode((await api.get(path)).content, type=kind)
