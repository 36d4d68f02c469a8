"""What a direct URL promises; how its bytes come is in test_transfers.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models_app.digests import Digest
from models_app.errors import InvalidSource
from models_app.sources.url import URLSource
from tests.models_app.rogue import Rogue, rogue_server
from tests.models_app.sources.contract import CHANGED, DATA, SourceContract

DIGEST = Digest.of(b"x")


class TestURLSource(SourceContract):
    @pytest.fixture
    def rogue(self, loopback: Path) -> Iterator[Rogue]:
        with rogue_server(DATA) as server:
            yield server

    @pytest.fixture
    def source(self, rogue: Rogue) -> URLSource:
        return URLSource(f"{rogue.url}/Tiny.Q4_0.gguf?token=secret")

    @pytest.fixture
    def change(self, rogue: Rogue) -> Callable[[], object]:
        def run() -> None:
            rogue.data, rogue.etag = CHANGED, '"v2"'

        return run


def test_the_fragment_promises_a_digest(home: Path) -> None:
    plan = URLSource(f"http://h.example/a/Tiny-Q4_0.gguf?token=secret#sha256={DIGEST.hex.upper()}").resolve()
    assert plan.layers[0].digest == DIGEST
    assert plan.name == "Tiny:Q4_0"


@pytest.mark.parametrize("fragment", ["sha256=", "sha256=12", "md5=" + DIGEST.hex, "@allowed"])
def test_another_fragment_is_refused(home: Path, fragment: str) -> None:
    with pytest.raises(InvalidSource, match="sha256"):
        URLSource(f"https://h.example/m.gguf#{fragment}")


def test_plain_http_needs_a_digest(home: Path) -> None:
    with pytest.raises(InvalidSource, match="#sha256"):
        URLSource("http://h.example/m.gguf")


def test_the_origin_holds_no_secret(home: Path) -> None:
    assert URLSource("https://h.example/m.gguf?token=secret").origin == "https://h.example/m.gguf"


def test_two_urls_are_two_transfers(home: Path) -> None:
    first, second = (URLSource(f"https://h.example/{n}.gguf").resolve().layers[0] for n in "ab")
    assert first.key != second.key
