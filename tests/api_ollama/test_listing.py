"""api_ollama.listing: the shapes that Ollama's command line and every client's model picker read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from api_ollama.listing import listed_model, loaded_model, shown_model
from inference import LoadOptions, ModelSpec, Resident
from models_app.entries import ModelCard, ModelDetails, ModelEntry
from models_app.naming import ModelName

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DETAILS = ModelDetails(
    family="llama",
    families=("llama",),
    parameter_size="134.52M",
    quantization_level="Q4_1",
    context_length=2048,
    embedding_length=576,
)
ENTRY = ModelEntry(
    name=ModelName.parse("smollm2:135m"),
    digest="ab" * 32,
    size_bytes=98_000_000,
    modified_at=WHEN,
    details=DETAILS,
    capabilities=("completion",),
)
CARD = ModelCard(
    entry=ENTRY,
    license="Apache-2.0",
    modelfile="# Modelfile",
    parameters="",
    template="{{ x }}",
    system="Be brief.",
    messages=[],
    model_info={"general.architecture": "llama", "tokenizer.ggml.tokens": None},
    tensors=[{"name": "a", "type": "F32", "shape": [2]}],
)
RESIDENT = Resident(
    name="smollm2:135m",
    spec=ModelSpec(
        name="smollm2:135m", digest="ab" * 32, model_path="x", size_bytes=1, n_ctx_train=2048, kv_bytes_per_token=1
    ),
    options=LoadOptions(),
    state="ready",
    n_ctx=2048,
    size_bytes=200,
    size_vram_bytes=0,
    expires_at=WHEN,
    n_active=0,
    n_queued=0,
    loaded_at=WHEN,
)


def test_a_listed_models_digest_is_bare_hex_and_its_name_has_the_tag() -> None:
    listed = listed_model(ENTRY)
    assert list(listed) == ["name", "model", "modified_at", "size", "digest", "details", "capabilities"]
    assert listed["name"] == listed["model"] == "smollm2:135m"
    assert listed["digest"] == "ab" * 32
    assert listed["details"] == {
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ("llama",),
        "parameter_size": "134.52M",
        "quantization_level": "Q4_1",
        "context_length": 2048,
        "embedding_length": 576,
    }


def test_lengths_the_file_does_not_say_are_left_out() -> None:
    entry = replace(ENTRY, details=ModelDetails())
    assert not {"context_length", "embedding_length"} & listed_model(entry)["details"].keys()


def test_a_loaded_model_says_until_when_and_where() -> None:
    loaded = loaded_model(RESIDENT, ENTRY)
    assert list(loaded) == [
        "name", "model", "size", "digest", "details", "expires_at", "size_vram", "context_length",
    ]  # fmt: skip
    assert datetime.fromisoformat(loaded["expires_at"]) == WHEN
    assert (loaded["size"], loaded["size_vram"], loaded["context_length"]) == (200, 0, 2048)


def test_forever_is_a_date_the_command_line_shows_as_forever() -> None:
    loaded = loaded_model(replace(RESIDENT, expires_at=None), None)
    assert datetime.fromisoformat(loaded["expires_at"]).year >= 2318


def test_a_card_keeps_nulls_in_its_model_info_and_leaves_empty_texts_out() -> None:
    shown = shown_model(CARD)
    assert shown["model_info"] == {"general.architecture": "llama", "tokenizer.ggml.tokens": None}
    assert "parameters" not in shown
    assert "messages" not in shown
    assert (shown["license"], shown["system"], shown["capabilities"]) == ("Apache-2.0", "Be brief.", ("completion",))


def test_a_requests_system_is_shown_in_place_of_the_models() -> None:
    assert shown_model(CARD, system="Be long.")["system"] == "Be long."
