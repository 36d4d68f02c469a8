"""What every source promises, whatever it reads from. A source's test class inherits this and gives the fixtures."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models_app.manifests import MODEL_TYPE
from models_app.naming import ModelName
from models_app.sources.base import Source

DATA = b"GGUF" + bytes(range(256)) * 300
CHANGED = b"GGUF" + bytes(5_000)


class SourceContract:
    """``source`` serves DATA as one layer; ``change`` makes the same origin serve CHANGED."""

    @pytest.fixture
    def source(self) -> Source:
        raise NotImplementedError

    @pytest.fixture
    def change(self) -> Callable[[], object]:
        raise NotImplementedError

    def read(self, source: Source, *, offset: int = 0, validator: str = "") -> tuple[int, bytes, int | None, str]:
        layer = source.resolve().layers[0]
        with source.fetch(layer, offset=offset, validator=validator) as body:
            return body.offset, b"".join(body.chunks), body.total, body.validator

    def test_the_plan_names_the_layer_and_the_model(self, source: Source) -> None:
        plan = source.resolve()
        (layer,) = plan.layers
        assert layer.media_type == MODEL_TYPE
        assert layer.size_bytes in (None, len(DATA))
        assert ModelName.parse(plan.name)

    def test_the_same_bytes_have_the_same_key(self, source: Source) -> None:
        assert source.resolve().layers[0].key == source.resolve().layers[0].key

    def test_the_origin_tells_no_path_and_no_secret(self, source: Source) -> None:
        assert source.origin
        assert not {"?", "@"} & set(source.origin)
        assert not source.origin.startswith("/")

    def test_all_bytes_come_from_the_start(self, source: Source) -> None:
        offset, data, total, _ = self.read(source)
        assert (offset, data) == (0, DATA)
        assert total == len(DATA)

    def test_the_rest_comes_from_an_offset(self, source: Source) -> None:
        validator = self.read(source)[3]
        assert self.read(source, offset=1_000, validator=validator)[:2] == (1_000, DATA[1_000:])

    def test_changed_bytes_come_from_the_start_again(self, source: Source, change: Callable[[], object]) -> None:
        validator = self.read(source)[3]
        layer = source.resolve().layers[0]
        change()
        with source.fetch(layer, offset=1_000, validator=validator) as body:
            assert (body.offset, b"".join(body.chunks), body.total) == (0, CHANGED, len(CHANGED))
