"""Models made of models and of files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models_app import selectors
from models_app.creation.request import CreateRequest
from models_app.entries import ModelEntry
from models_app.errors import (
    BlobNotFound,
    CatalogError,
    InvalidCreate,
    InvalidDigest,
    InvalidModelName,
    SourceNotFound,
    TransferCancelled,
)
from models_app.manifests import LayerRef, ManifestDocument, manifest_build
from models_app.models import Job, Tag
from models_app.naming import ModelName
from models_app.progress import Progress
from models_app.services.commit import manifest_commit
from models_app.services.create import model_create
from models_app.store import blobs
from tests.gguf_files import write_tiny_gguf
from tests.gguf_lora import write_tiny_lora, write_tiny_projector

Pull = Callable[..., ModelEntry]
PREFIX = "application/vnd.ollama.image."


@pytest.fixture
def base(pull: Pull, tiny_gguf: Path) -> str:
    pull(tiny_gguf, "base")
    return "base"


def create(**fields: Any) -> list[str]:
    """Creates ``new`` and gives the status lines."""
    lines: list[Progress] = []
    request = CreateRequest(**{"model": "new"} | fields)
    model_create(request=request, on_progress=lines.append, cancelled=lambda: False)
    return [line.status for line in lines]


def uploaded(path: Path) -> str:
    return str(blobs.blob_write(path.read_bytes()).digest)


def manifest(name: str = "new") -> ManifestDocument:
    return selectors.model_manifest(name)


def contents(kind: str) -> list[str]:
    layers = manifest().of_type(PREFIX + kind)
    return [blobs.blob_read(layer.digest, max_bytes=10_000).decode() for layer in layers]


def test_a_model_is_made_of_another(base: str) -> None:
    weights = manifest("base").layers[0]
    statuses = create(
        source="base",
        system="Be brief.",
        template="{{ .System }} {{ .Prompt }}",
        parameters={"temperature": 0.5, "num_ctx": 512.0, "stop": "x"},
        messages=({"role": "User", "content": "hi", "thinking": ""}, {"role": "assistant"}),
        licenses=("MIT", "Apache-2.0"),
        renderer="r",
        parser="p",
        requires="0.14.0",
    )
    assert [layer.media_type.removeprefix(PREFIX) for layer in manifest().layers] == [
        "model", "template", "system", "license", "license", "params", "messages",
    ]  # fmt: skip
    assert manifest().layers[0].digest == weights.digest
    assert manifest().layers[0].source == "base:latest"
    assert contents("params") == ['{"num_ctx":512,"stop":["x"],"temperature":0.5}\n']
    assert contents("messages") == ['[{"role":"user","content":"hi"},{"role":"assistant","content":""}]\n']
    assert statuses[0] == f"using existing layer {weights.digest}"
    assert statuses[1:7] == [f"creating new layer {layer.digest}" for layer in manifest().layers[1:]]
    assert statuses[7:] == ["writing manifest", "success"]
    served = selectors.model_served("new")
    assert (served.system, served.parameters["num_ctx"]) == ("Be brief.", 512)
    assert selectors.model_get("new").details.parent_model == "base:latest"


def test_the_config_is_ollamas(base: str) -> None:
    create(source="base", renderer="r", info={"capabilities": ["tools", 3], "quantization_level": "Q9"})
    data = blobs.blob_read(manifest().config.digest, max_bytes=10_000)
    assert data.decode() == (
        '{"model_format":"gguf","model_family":"llama","model_families":["llama"],"model_type":"98.88K",'
        '"file_type":"Q9","renderer":"r","capabilities":["tools"],"architecture":"amd64","os":"linux"}\n'
    ).replace("98.88K", json.loads(data)["model_type"])
    assert "tools" in selectors.model_served("new").capabilities
    assert selectors.model_get("new").details.quantization_level == "Q9"


def test_what_is_not_said_is_the_bases(base: str) -> None:
    create(source="base", system="old", parameters={"top_k": 3, "top_p": 0.5}, renderer="r", licenses=("MIT",))
    create(source="new", parameters={"top_p": 0.9}, licenses=("more",))
    assert contents("system") == ["old"]
    assert contents("params") == ['{"top_k":3,"top_p":0.9}\n']
    assert contents("license") == ["MIT", "more"]
    assert json.loads(blobs.blob_read(manifest().config.digest, max_bytes=10_000))["renderer"] == "r"


def test_a_model_may_replace_itself(base: str) -> None:
    create(source="base", system="one")
    statuses = create(source="new", system="two")
    assert contents("system") == ["two"]
    assert statuses[-1] == "success"


def test_a_file_makes_a_model(store: Path, tiny_gguf: Path) -> None:
    digest = uploaded(tiny_gguf)
    statuses = create(files={"tiny.gguf": digest})
    assert statuses == ["parsing GGUF", f"using existing layer {digest}", "writing manifest", "success"]
    assert manifest().layers[0].source == "tiny.gguf"


def test_files_are_told_apart_by_what_they_say(store: Path, tiny_gguf: Path, tmp_path: Path) -> None:
    projector = uploaded(write_tiny_projector(tmp_path / "mmproj.gguf"))
    adapter = uploaded(write_tiny_lora(tmp_path / "lora.gguf"))
    create(files={"a.gguf": projector, "b.gguf": uploaded(tiny_gguf)}, adapters={"lora": adapter})
    spec = selectors.model_served("new").spec
    assert spec.projector_path.endswith(projector.removeprefix("sha256:"))
    assert [(path.rpartition("-")[2], scale) for path, scale in spec.adapters] == [(adapter[7:], 1.0)]
    assert spec.adapters_bytes == (tmp_path / "lora.gguf").stat().st_size
    assert "vision" in selectors.model_served("new").capabilities


def test_adapters_stay_with_the_models_made_of_theirs(base: str, tmp_path: Path) -> None:
    first = uploaded(write_tiny_lora(tmp_path / "1.gguf"))
    second = uploaded(write_tiny_lora(tmp_path / "2.gguf", size=0.5))
    create(source="base", adapters={"1.gguf": first})
    create(source="new", adapters={"2.gguf": second})
    paths = [path.rpartition("-")[2] for path, _ in selectors.model_served("new").spec.adapters]
    assert paths == [first[7:], second[7:]]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "neither 'from' or 'files' was specified"),
        ({"files": {}}, "unknown type"),
        ({"files": {"/etc/passwd": "sha256:" + "0" * 64}}, "file path must be relative"),
        ({"files": {"a/../b": "sha256:" + "0" * 64}}, "file path must be relative"),
        ({"source": "base", "adapters": {"../a": "sha256:" + "0" * 64}}, "file path must be relative"),
        ({"source": "base", "template": "{{ if }}"}, "template error: "),
        ({"source": "base", "parameters": {"temperature": "warm"}}, 'option "temperature" must be of type float32'),
        ({"source": "base", "info": {"model_family": 3}}, 'info field "model_family" must be a string'),
        ({"source": "base", "info": {"context_length": -1}}, 'info field "context_length" must be a non-negative int'),
        ({"source": "base", "draft_quantize": "Q4_0"}, "--draft-quantize requires a DRAFT model"),
        ({"source": "base:cloud"}, "models that run elsewhere can't be built on"),
    ],
)
def test_what_makes_no_sense_is_refused(base: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidCreate) as caught:
        create(**fields)
    assert str(caught.value).startswith(message)
    assert not Tag.objects.filter(key__contains="new").exists()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"model": "a b", "source": "base"}, InvalidModelName),
        ({"source": "/etc/passwd"}, InvalidModelName),
        ({"source": "/no/such/file"}, InvalidModelName),
        ({"source": "nobody-has-this"}, SourceNotFound),
        ({"files": {"a.gguf": ""}}, InvalidDigest),
        ({"files": {"a.gguf": "/etc/passwd"}}, InvalidDigest),
        ({"files": {"a.gguf": "sha256:" + "0" * 64}}, BlobNotFound),
    ],
)
def test_names_and_digests_are_checked(base: str, fields: dict[str, Any], error: type[CatalogError]) -> None:
    with pytest.raises(error):
        create(**fields)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.zip", b"PK\3\4 and so on", "unknown type"),
        ("a.gguf", b"PK\3\4 and so on", "supplied file was not in GGUF format"),
        ("a.gguf", b"GGUF", "a.gguf: invalid GGUF file: "),
        ("a.bin", b"GGUF\3\0\0\0", "a.bin: invalid GGUF file: "),
    ],
)
def test_files_that_are_no_models_are_refused(store: Path, name: str, data: bytes, message: str) -> None:
    with pytest.raises(InvalidCreate) as caught:
        create(files={name: str(blobs.blob_write(data).digest)})
    assert str(caught.value).startswith(message)


def test_a_model_has_one_model_file(store: Path, tiny_gguf: Path, tmp_path: Path) -> None:
    other = uploaded(write_tiny_gguf(tmp_path / "o.gguf", seed=4))
    with pytest.raises(InvalidCreate, match="2 models were given, 1 is needed"):
        create(files={"a.gguf": uploaded(tiny_gguf), "b.gguf": other})
    with pytest.raises(InvalidCreate, match="0 models were given"):
        create(files={"a.gguf": uploaded(write_tiny_lora(tmp_path / "l.gguf"))})


def test_a_model_is_no_adapter(base: str, tmp_path: Path) -> None:
    other = uploaded(write_tiny_gguf(tmp_path / "o.gguf", seed=4))
    with pytest.raises(InvalidCreate, match=r"o\.gguf is not an adapter"):
        create(source="base", adapters={"o.gguf": other})


def test_a_create_that_is_cancelled_names_nothing(base: str) -> None:
    with pytest.raises(TransferCancelled):
        model_create(
            request=CreateRequest(model="new", source="base", system="x"),
            on_progress=lambda _: None,
            cancelled=lambda: True,
            record_job=True,
        )
    assert Tag.objects.count() == 1
    assert Job.objects.get().state == Job.State.CANCELLED


def test_a_base_that_is_not_here_is_pulled(
    store: Path, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch, pull: Pull
) -> None:
    def pulled(*, source: str, on_progress: Callable[[Progress], None], **options: Any) -> None:
        assert (source, options["local_files"]) == ("far/away", False)
        on_progress(Progress(status="pulling manifest"))
        pull(tiny_gguf, "far/away")
        on_progress(Progress(status="success"))

    monkeypatch.setattr("models_app.creation.base.model_pull", pulled)
    statuses = create(source="far/away")
    assert (statuses[0], statuses.count("success"), statuses[-1]) == ("pulling manifest", 1, "success")


def test_a_template_replaces_an_old_prompt_too(base: str) -> None:
    create(model="old", source="base")
    old = selectors.model_manifest("old")
    prompt = blobs.blob_write(b"{{ .Prompt }}")
    layer = LayerRef(media_type=PREFIX + "prompt", digest=prompt.digest, size_bytes=prompt.size_bytes)
    manifest_commit(
        name=ModelName.parse("old"),
        document=manifest_build(config=old.config, layers=(*old.layers, layer)),
        source="test",
    )
    create(source="old", template="{{ .System }}")
    assert selectors.model_served("new").template == "{{ .System }}"


def test_a_draft_is_kept_beside_its_model(base: str, tmp_path: Path) -> None:
    draft = uploaded(write_tiny_gguf(tmp_path / "draft.gguf", seed=9))
    create(source="base", draft_files={"draft.gguf": draft})
    assert [str(layer.digest) for layer in manifest().of_type(PREFIX + "draft")] == [draft]
    config = json.loads(blobs.blob_read(manifest().config.digest, max_bytes=10_000))
    assert config["draft"] == {"model_format": "gguf", "architecture": "llama"}


def test_messages_of_strangers_are_read_as_far_as_they_make_sense(base: str) -> None:
    calls = [{"function": {"name": "f", "arguments": {}}}]
    create(source="base", messages=({"role": "assistant", "thinking": "hm", "tool_calls": calls}, {"content": 3}))
    first, second = selectors.model_served("new").messages
    assert (first.thinking, first.tool_calls) == ("hm", tuple(calls))
    assert (second.role, second.content) == ("", "")
