"""Models that come with Python packages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from models_app.errors import PackageNotInstalled
from models_app.naming import ModelName
from models_app.sources import packaged


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A table with one package, which sits in a folder of the path."""
    model = packaged.PackagedModel("demo:1m", "demo-model", "demo_model_of_tests", "m.gguf", "install it with: pip x")
    monkeypatch.setattr(packaged, "packaged_models", lambda: {ModelName.parse(model.name).key: model})
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_package_is_read_without_being_imported(table: Path) -> None:
    (table / "demo_model_of_tests").mkdir()
    (table / "demo_model_of_tests" / "__init__.py").write_text("raise SystemExit")
    (table / "demo_model_of_tests" / "m.gguf").write_bytes(b"GGUF" + bytes(96))
    source = packaged.packaged_source(ModelName.parse("Demo:1M"))
    assert source is not None
    assert source.origin == "package:demo-model"
    assert source.resolve().layers[0].size_bytes == 100
    assert source.resolve().name == "Demo:1M"
    assert "demo_model_of_tests" not in sys.modules


@pytest.mark.parametrize("folder", [True, False])
def test_a_package_that_is_not_there_is_told_how_to_get(table: Path, folder: bool) -> None:
    if folder:
        (table / "demo_model_of_tests").mkdir()
        (table / "demo_model_of_tests" / "__init__.py").touch()
    with pytest.raises(PackageNotInstalled, match=r"demo-model, which is not installed; install it with: pip x"):
        packaged.packaged_source(ModelName.parse("demo:1m"))


def test_other_names_are_no_packages() -> None:
    assert packaged.packaged_source(ModelName.parse("smollm2:1.7b")) is None


def test_every_packaged_model_of_the_table_says_how_to_install_it() -> None:
    for model in packaged.packaged_models().values():
        assert model.file.endswith(".gguf")
        assert model.module.isidentifier()
        assert "pip install" in model.install


@pytest.mark.real_model
def test_smollm2_is_carried_by_the_demo_extra(smollm2_path: Path) -> None:
    source = packaged.packaged_source(ModelName.parse("smollm2:135m"))
    assert source is not None
    assert source.resolve().layers[0].size_bytes == smollm2_path.stat().st_size
