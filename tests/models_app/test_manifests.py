"""Manifests are written byte for byte as Ollama writes them, and read within bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models_app.digests import Digest
from models_app.errors import InvalidManifest
from models_app.manifests import CONFIG_TYPE, MODEL_TYPE, LayerRef, config_json, manifest_build, manifest_parse

A, B = Digest.of(b"a"), Digest.of(b"b")
CONFIG = LayerRef(media_type=CONFIG_TYPE, digest=A, size_bytes=5)
MODEL = LayerRef(media_type=MODEL_TYPE, digest=B, size_bytes=7)


def changed(**changes: Any) -> bytes:
    document = json.loads(manifest_build(config=CONFIG, layers=(MODEL,)).raw)
    return json.dumps(document | changes).encode()


def test_the_bytes_are_ollamas() -> None:
    raw = (
        '{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",'
        f'"config":{{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"{A}","size":5}},'
        f'"layers":[{{"mediaType":"application/vnd.ollama.image.model","digest":"{B}","size":7}}]}}\n'
    )
    assert manifest_build(config=CONFIG, layers=(MODEL,)).raw == raw.encode()


def test_the_config_is_ollamas() -> None:
    assert config_json(family="a<b", parameter_size="1B", quantization="Q4_0") == (
        rb'{"model_format":"gguf","model_family":"a\u003cb","model_families":["a\u003cb"],"model_type":"1B",'
        rb'"file_type":"Q4_0","architecture":"amd64","os":"linux"}' + b"\n"
    )


def test_a_manifest_keeps_the_bytes_it_came_as() -> None:
    raw = changed(annotations={"x": 1}, layers=[{"mediaType": MODEL_TYPE, "digest": str(B), "size": 7, "from": "up"}])
    document = manifest_parse(raw)
    assert document.raw == raw
    assert document.digest == Digest.of(raw)
    assert document.size_bytes == 12
    assert document.blobs == (CONFIG, LayerRef(media_type=MODEL_TYPE, digest=B, size_bytes=7, source="up"))


def layer(**changes: Any) -> list[dict[str, Any]]:
    return [{"mediaType": MODEL_TYPE, "digest": str(B), "size": 7} | changes]


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"[]", b"nonsense", b'"text"', b"[" * 100_000, b"{" * 100_000, b"\xff", b"9" * 10_000,
        changed(schemaVersion=1), changed(layers=None), changed(layers=[]), changed(layers={}), changed(config=None),
        changed(layers=[None]), changed(layers=layer() * 10_001),
        *(changed(layers=layer(digest=bad)) for bad in ("", "sha256:", None, 7, "sha256:../../x", f"sha256-{B.hex}")),
        *(changed(layers=layer(size=bad)) for bad in (-1, 1 << 63, "7", 7.0, True, None)),
        *(changed(layers=layer(mediaType=bad)) for bad in ("", None, 7, "x" * 256)),
        changed(layers=layer(**{"from": ["x"]})),
        changed(annotations="x" * (5 << 20)),
    ],
    ids=range(33),
)  # fmt: skip
def test_what_a_rogue_registry_may_send_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidManifest):
        manifest_parse(raw)
