from __future__ import annotations

import subprocess
import sys

import pytest

import inference


def test_every_public_name_is_there() -> None:
    assert sorted(inference.__all__) == inference.__all__
    assert [getattr(inference, name).__name__ for name in inference.__all__ if name != "Event"] == [
        name for name in inference.__all__ if name != "Event"
    ]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Nonsense"):
        inference.Nonsense  # noqa: B018


def test_importing_the_package_does_not_import_the_pool() -> None:
    code = "import inference, sys; print('inference.pool.pool' in sys.modules); inference.Pool; print('ok')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "ok"]
