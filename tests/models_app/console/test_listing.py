from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models_app.console.listing import entry_json, entry_row, processor, resident_row, until
from models_app.entries import ModelDetails, ModelEntry
from models_app.naming import ModelName

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
ENTRY = ModelEntry(
    name=ModelName.parse("smollm2:135m"),
    digest="ab" * 32,
    size_bytes=98_765_432,
    modified_at=NOW - timedelta(hours=3),
    details=ModelDetails(family="llama", quantization_level="Q4_1"),
    capabilities=("completion",),
)


def test_a_model_is_its_name_the_head_of_its_digest_its_size_and_its_age() -> None:
    assert entry_row(ENTRY, NOW) == ("smollm2:135m", "abababababab", "98 MB", "3 hours ago")


def test_the_json_of_a_model_is_that_of_api_tags() -> None:
    shown = entry_json(ENTRY)
    assert shown["name"] == shown["model"] == "smollm2:135m"
    assert (shown["size"], shown["digest"]) == (98_765_432, "ab" * 32)
    assert shown["details"]["quantization_level"] == "Q4_1"
    assert shown["modified_at"] == ENTRY.modified_at


@pytest.mark.parametrize(
    ("size", "size_vram", "text"),
    [
        (100, 0, "100% CPU"),
        (100, 100, "100% GPU"),
        (100, 30, "70%/30% CPU/GPU"),
        (100, 101, "Unknown"),
        (0, 0, "100% CPU"),
    ],
)
def test_the_processor_follows_from_where_the_memory_is(size: int, size_vram: int, text: str) -> None:
    assert processor(size, size_vram) == text


@pytest.mark.parametrize(
    ("expires_at", "text"),
    [
        ("2026-01-31T13:04:00.123456789+01:00", "4 minutes from now"),
        ("2318-05-09T12:00:00Z", "Forever"),
        ("2026-01-31T11:59:59Z", "Stopping..."),
        ("", "Unknown"),
    ],
)
def test_until_says_when_a_resident_model_leaves(expires_at: str, text: str) -> None:
    assert until(expires_at, NOW) == text


def test_a_resident_row_survives_what_a_server_leaves_out_and_cleans_what_it_sends() -> None:
    assert resident_row({"name": "x\x1b[2J", "digest": "cd" * 32}, NOW) == (
        "x[2J", "cdcdcdcdcdcd", "0 B", "100% CPU", "0", "Unknown",
    )  # fmt: skip
