"""The check finds what is wrong, and the cleaning takes only what is of no use."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models_app.digests import Digest
from models_app.entries import ModelEntry
from models_app.models import Layer, Manifest, Tag
from models_app.services.check import store_check, store_clean
from models_app.store import blobs

Pull = Callable[..., ModelEntry]


@pytest.fixture
def model(pull: Pull, tiny_gguf: Path) -> Path:
    """The blob of a model's weights."""
    pull(tiny_gguf, "m")
    return blobs.blob_path(Digest.parse(Layer.objects.get(position=1).blob_id))


def aged(path: Path, data: bytes = b"x") -> Path:
    path.write_bytes(data)
    os.utime(path, (time.time() - 7200,) * 2)
    return path


def test_a_healthy_store_is_sound(model: Path) -> None:
    report = store_check()
    assert report.is_sound
    assert (report.unreferenced, report.orphans, report.partials) == ((), (), ())


def test_one_changed_byte_is_found(model: Path) -> None:
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    model.chmod(0o600)
    model.write_bytes(bytes(data))
    assert store_check().damaged == (f"sha256:{model.name[7:]}",)
    assert store_check(hash_blobs=False).is_sound


@pytest.mark.parametrize("data", [b"", b"short"])
def test_a_file_of_another_size_is_found_without_hashing(model: Path, data: bytes) -> None:
    model.chmod(0o600)
    model.write_bytes(data)
    assert len(store_check(hash_blobs=False).damaged) == 1


def test_a_missing_file_is_found(model: Path) -> None:
    model.unlink()
    assert store_check().missing == (f"sha256:{model.name[7:]}",)


def test_a_symlink_in_a_blobs_place_is_damage(model: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(model.read_bytes())
    model.unlink()
    model.symlink_to(tmp_path / "copy")
    assert store_check().damaged == (f"sha256:{model.name[7:]}",)


def test_changed_manifest_bytes_are_found(model: Path) -> None:
    Manifest.objects.update(raw=b"{}")
    assert "another digest" in store_check().broken[0]


def test_a_name_without_its_model_layer_is_found(model: Path) -> None:
    Layer.objects.filter(position=1).delete()
    assert store_check().broken == ("model m:latest: its model layer is missing",)


def test_what_a_crash_left_is_told_and_taken_when_it_is_old(model: Path, store: Path) -> None:
    loose = blobs.blob_write(b"no row knows me").digest
    os.utime(blobs.blob_path(loose), (time.time() - 7200,) * 2)
    temp, partial = aged(store / "temp-1"), aged(store / f"partial-{'a' * 64}", b"partial")
    young = store / "temp-2"
    young.write_bytes(b"a pull is at it")
    report = store_check()
    assert report.is_sound
    assert report.unreferenced == (str(loose),)
    assert set(report.orphans) == {"temp-1", "temp-2"}
    assert report.partials == (partial.name,)
    assert store_clean() == len(b"no row knows me") + 1
    assert not temp.exists()
    assert young.exists()
    assert partial.exists()
    assert model.exists()
    assert store_check().is_sound


def test_states_of_finished_transfers_go_with_their_locks(model: Path, store: Path) -> None:
    for path in [path for path in store.iterdir() if path.suffix]:
        os.utime(path, (time.time() - 7200,) * 2)
    store_clean()
    assert {path.name[:7] for path in store.iterdir()} == {"sha256-"}


def test_cleaning_keeps_every_blob_a_name_needs(model: Path) -> None:
    os.utime(model, (0, 0))
    assert store_clean(grace_seconds=0) == 0
    assert store_check().is_sound
    assert Tag.objects.count() == 1
