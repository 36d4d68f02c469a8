from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from inference import LoadOptions, ModelSpec
from inference.pool import memory

GIB = 1 << 30
SPEC = ModelSpec(
    name="m", digest="a" * 64, model_path="", size_bytes=GIB, n_ctx_train=8192, kv_bytes_per_token=1 << 17, n_vocab=1000
)


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_cache_is_counted_for_every_sequence_and_by_its_type() -> None:
    def kv(**options: object) -> int:
        empty = msgspec.structs.replace(SPEC, kv_bytes_per_token=0)
        chosen = LoadOptions(**options)  # type: ignore[arg-type]
        return memory.required_bytes(SPEC, chosen) - memory.required_bytes(empty, chosen)

    assert kv(num_ctx=4096, num_parallel=1) == GIB // 2
    assert kv(num_ctx=4096, num_parallel=4) == 2 * GIB
    assert kv(num_ctx=4096, num_parallel=1, kv_cache_type="q8_0") == GIB // 2 * 34 // 64


def test_weights_count_and_so_do_the_logits_of_a_large_vocabulary() -> None:
    large = msgspec.structs.replace(SPEC, n_vocab=1_001_000)
    options = LoadOptions(num_parallel=4)
    assert memory.required_bytes(SPEC, options) > SPEC.size_bytes
    assert memory.required_bytes(large, options) - memory.required_bytes(SPEC, options) == 4 * 4 * 1_000_000


def test_a_model_that_only_embeds_has_one_context_and_the_logits_of_a_whole_decode() -> None:
    small, embeds = (msgspec.structs.replace(SPEC, n_vocab=0, embeds_only=only) for only in (False, True))
    options = LoadOptions(num_ctx=4096, num_parallel=4)
    assert memory.required_bytes(small, options) - memory.required_bytes(embeds, options) == 3 * GIB // 2
    words = msgspec.structs.replace(embeds, n_vocab=100_000)
    assert memory.required_bytes(words, options) - memory.required_bytes(embeds, options) == 256 * 4 * 100_000


def test_a_projector_counts_with_what_it_works_in() -> None:
    seeing = msgspec.structs.replace(SPEC, projector_path="mmproj.gguf", projector_bytes=10**9)
    options = LoadOptions(num_ctx=2048)
    assert memory.required_bytes(seeing, options) > memory.required_bytes(SPEC, options) + 10**9


def test_the_least_is_one_full_context() -> None:
    options = LoadOptions(num_ctx=4096, num_parallel=4)
    assert memory.required_bytes(SPEC, options) - memory.least_bytes(SPEC, options) == 3 * GIB // 2


def test_cells_shrink_to_what_is_there_but_not_below_one_context() -> None:
    options = LoadOptions(num_ctx=4096, num_parallel=4)
    fixed = memory.fixed_bytes(SPEC, options)
    assert memory.options_fitting(SPEC, options, available_bytes=fixed + 2 * GIB) is options
    assert memory.options_fitting(SPEC, options, available_bytes=fixed + GIB).num_cells == 8192
    assert memory.options_fitting(SPEC, options, available_bytes=fixed).num_cells == 4096
    shrunk = memory.options_fitting(SPEC, options, available_bytes=fixed + GIB)
    assert memory.required_bytes(SPEC, shrunk) == fixed + GIB


def test_what_is_swapped_out_takes_only_what_is_left() -> None:
    options = LoadOptions(num_ctx=4096, num_parallel=4, swap_bytes=GIB)
    required = memory.required_bytes(SPEC, options)
    assert memory.options_fitting(SPEC, options, available_bytes=required + GIB) is options
    assert memory.options_fitting(SPEC, options, available_bytes=required + 1000).swap_bytes == 1000
    assert memory.options_fitting(SPEC, options, available_bytes=required - 1000).swap_bytes == 0


def test_a_gpu_makes_main_memory_no_measure_unless_it_is_not_to_be_used(tmp_path: Path) -> None:
    assert not memory.may_offload(LoadOptions(), dev=tmp_path)
    (tmp_path / "nvidia0").touch()
    assert memory.may_offload(LoadOptions(), dev=tmp_path)
    assert not memory.may_offload(LoadOptions(gpu_layers=0), dev=tmp_path)


def test_available_is_what_the_kernel_says(tmp_path: Path) -> None:
    proc = write(tmp_path, meminfo="MemTotal: 9 kB\nMemAvailable:   2048 kB\n")
    assert memory.memory_available(proc=proc, cgroup=tmp_path / "none") == 2048 * 1024


def test_without_proc_nothing_is_known_and_nothing_refused(tmp_path: Path) -> None:
    assert memory.memory_available(proc=tmp_path / "none", cgroup=tmp_path / "none") == float("inf")


@pytest.mark.parametrize(("limit", "expected"), [("1000", 400.0 + 50), ("max", 2048 * 1024.0)])
def test_a_cgroup_limit_on_the_way_up_counts_and_dropped_cache_does_not(
    tmp_path: Path, limit: str, expected: float
) -> None:
    proc = write(tmp_path / "proc", meminfo="MemAvailable: 2048 kB\n", self__cgroup="0::/a/b\n")
    cgroup = tmp_path / "cgroup"
    for folder, maximum in (("a", limit), ("a/b", "max")):
        (cgroup / folder).mkdir(parents=True, exist_ok=True)
        (cgroup / folder / "memory.max").write_text(maximum)
        (cgroup / folder / "memory.current").write_text("600")
        (cgroup / folder / "memory.stat").write_text("anon 500\ninactive_file 50\n")
    assert memory.memory_available(proc=proc, cgroup=cgroup) == expected
