"""A push, to a destination that only notes what it gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from models_app.digests import Digest
from models_app.entries import ModelEntry
from models_app.errors import DestinationNotSupported, InvalidModelName, ModelNotFound
from models_app.manifests import LayerRef, ManifestDocument
from models_app.models import Job
from models_app.naming import ModelName
from models_app.progress import OnProgress, Progress
from models_app.services import push
from models_app.services.push import model_push

Pull = Callable[..., ModelEntry]


class Noting:
    def __init__(self) -> None:
        self.pushed: list[str] = []

    def layer_push(self, layer: LayerRef, *, on_progress: OnProgress, cancelled: Callable[[], bool]) -> None:
        self.pushed.append(layer.media_type.rpartition(".")[2])
        size = layer.size_bytes
        on_progress(Progress(status=f"pushing {layer.digest.hex[:12]}", digest=str(layer.digest), total=size))

    def manifest_push(self, name: ModelName, document: ManifestDocument) -> None:
        self.pushed.append(f"{name.short} {document.digest.hex}")


def run(name: str, **options: object) -> list[str]:
    seen: list[Progress] = []
    try:
        model_push(name=name, on_progress=seen.append, cancelled=lambda: False, **options)  # type: ignore[arg-type]
    finally:
        run.seen = [line.status for line in seen]  # type: ignore[attr-defined]
    return [line.status for line in seen]


def test_layers_go_before_the_config_and_the_manifest_last(
    pull: Pull, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = pull(tiny_gguf, "Team/tiny")
    noting = Noting()
    monkeypatch.setattr(push, "destination_find", lambda *_, **__: noting)
    statuses = run("team/TINY", record_job=True)
    assert noting.pushed == ["model", "v1+json", f"Team/tiny:latest {entry.digest}"]
    model = Digest.of(tiny_gguf.read_bytes()).hex[:12]
    assert statuses[:2] == ["retrieving manifest", f"pushing {model}"]
    assert statuses[-2:] == ["pushing manifest", "success"]
    assert Job.objects.get().state == Job.State.SUCCEEDED


def test_a_model_that_is_not_here_is_told_after_ollamas_lines(store: Path) -> None:
    with pytest.raises(ModelNotFound, match="model 'nope' not found"):
        run("nope")
    assert run.seen == ["retrieving manifest", "couldn't retrieve manifest"]  # type: ignore[attr-defined]


def test_a_name_that_is_none_is_refused_first(store: Path) -> None:
    with pytest.raises(InvalidModelName):
        run("a b")
    assert run.seen == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "destination", "host"),
    [
        ("tiny", "", "registry.ollama.ai"),
        ("models.example/team/tiny", "", "models.example"),
        ("tiny", "https://me:secret@models.example:5000/v2", "models.example:5000"),
    ],
)
def test_where_no_transport_leads_is_said_by_name(
    pull: Pull, tiny_gguf: Path, name: str, destination: str, host: str
) -> None:
    pull(tiny_gguf, name)
    with pytest.raises(DestinationNotSupported) as caught:
        run(name, destination=destination)
    assert str(caught.value) == f"pushing to '{host}' is not supported by this server yet"
