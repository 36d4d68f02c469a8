from __future__ import annotations

import pytest

pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")

from inference.engine.llama import devices as llama_devices


def test_a_device_that_is_no_gpu_is_not_counted_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor is always in ggml's registry; here it plays every kind of device."""
    assert llama_devices._count() >= 1
    for kind, counted in ((0, False), (1, True), (2, True), (3, False)):
        monkeypatch.setattr(llama_devices, "_type", lambda device, kind=kind: kind)
        assert bool(llama_devices.gpus()) is counted


def test_a_device_says_its_name_and_how_much_memory_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_devices, "_type", lambda device: 1)
    device = llama_devices.gpus()[-1]
    assert device.name
    assert 0 < device.free_bytes <= device.total_bytes
    assert llama_devices.gpu_free_bytes() >= device.free_bytes // 2
