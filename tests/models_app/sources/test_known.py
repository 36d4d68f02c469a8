"""Well-known models, against a hub on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from models_app.digests import Digest
from models_app.errors import SourceNotFound, SourceUnavailable
from models_app.naming import ModelName
from models_app.sources.known import known_models, known_source
from power_site import conf
from tests.models_app.rogue import Rogue, redirect, rogue_server, status

DATA = b"GGUF and more"
NAME = ModelName.parse("qwen3:0.6b")
PATH = "/Qwen/Qwen3-0.6B-GGUF/resolve/main/Qwen3-0.6B-Q8_0.gguf"


@pytest.fixture
def hub(home: Path) -> Iterator[Rogue]:
    with rogue_server(DATA) as server:
        conf.configure({"hub_url": server.url + "/", "allow_private_hosts": [server.host]})
        yield server


def test_the_hubs_redirect_tells_digest_and_size(hub: Rogue) -> None:
    hub.answers = [redirect("/bytes", X_Linked_Etag=f'"{Digest.of(DATA).hex}"', X_Linked_Size=str(len(DATA)))]
    source = known_source(NAME)
    assert source is not None
    (layer,) = source.resolve().layers
    assert (layer.digest, layer.size_bytes) == (Digest.of(DATA), len(DATA))
    assert (hub.requests[0].command, hub.requests[0].path) == ("HEAD", PATH)
    assert source.resolve().name == "qwen3:0.6b"


@pytest.mark.parametrize("etag", ['"not a digest"', "", '"' + "A" * 64 + '"'])
def test_a_hub_that_tells_no_digest_is_read_all_the_same(hub: Rogue, etag: str) -> None:
    hub.answers = [status(200, X_Linked_Etag=etag)]
    source = known_source(NAME)
    assert source is not None
    assert source.resolve().layers[0].digest is None


@pytest.mark.parametrize(("code", "error"), [(404, SourceNotFound), (503, SourceUnavailable)])
def test_a_hub_that_fails_is_an_error_in_a_sentence(hub: Rogue, code: int, error: type[Exception]) -> None:
    hub.answers = [status(code)]
    with pytest.raises(error, match=str(code)):
        known_source(NAME)


def test_other_names_are_not_known(hub: Rogue) -> None:
    assert known_source(ModelName.parse("qwen3:nope")) is None
    assert known_source(ModelName.parse("someone/qwen3:0.6b")) is None
    assert hub.requests == []


def test_the_table_has_the_popular_models_and_no_name_twice() -> None:
    assert len({model.repo + model.file for model in known_models().values()}) >= 30
    assert all(model.file.endswith(".gguf") and "/" in model.repo for model in known_models().values())
    names = [name for model in set(known_models().values()) for name in model.names]
    assert len(names) == len(known_models())
