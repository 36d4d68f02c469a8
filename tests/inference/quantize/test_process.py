"""The process that rewrites weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gguf import GGUFReader

from inference.errors import QuantizeFailed
from inference.quantize import COPY, QuantizeJob, quantize_file
from tests.gguf_files import write_tiny_gguf

pytest.importorskip("llama_cpp")


def run(source: Path, file_type: str, cancelled: Callable[[], bool] = lambda: False) -> tuple[bool, list[int]]:
    counts: list[int] = []
    job = QuantizeJob(source=str(source), destination=str(source) + ".new", file_type=file_type, num_threads=1)
    finished = quantize_file(job, on_progress=lambda done, total: counts.append(done), cancelled=cancelled)
    return finished, counts


def weights(path: Path) -> dict[str, bytes]:
    return {tensor.name: tensor.data.tobytes() for tensor in GGUFReader(path).tensors}


def test_tensors_are_counted(tmp_path: Path) -> None:
    source = write_tiny_gguf(tmp_path / "a.gguf", quantization="F16")
    finished, counts = run(source, "Q8_0")
    assert finished
    assert counts == sorted(counts)
    assert counts[-1] == 20


@pytest.mark.slow
def test_a_copy_keeps_its_weights(tmp_path: Path) -> None:
    source = write_tiny_gguf(tmp_path / "a.gguf", quantization="Q8_0")
    assert run(source, COPY)[0]
    assert weights(source) == weights(Path(f"{source}.new"))


@pytest.mark.slow
def test_what_is_declined_is_told_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(QuantizeFailed) as caught:
        run(tmp_path / "bad.gguf", "Q8_0")
    assert str(tmp_path) not in str(caught.value)


def test_it_ends_when_nobody_wants_it(tmp_path: Path) -> None:
    source = write_tiny_gguf(tmp_path / "a.gguf", quantization="F16")
    assert run(source, "Q8_0", cancelled=lambda: True) == (False, [])
