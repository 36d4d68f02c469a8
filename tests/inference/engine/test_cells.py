from __future__ import annotations

import msgspec
import pytest

from inference.config import LoadOptions
from inference.engine.cells import DEFAULT_NUM_CTX, plan_cells
from inference.spec import ModelSpec

SPEC = ModelSpec(
    name="m", digest="0" * 64, model_path="m.gguf", size_bytes=1, n_ctx_train=8192, kv_bytes_per_token=1000
)


def test_every_parallel_sequence_gets_a_full_context() -> None:
    plan = plan_cells(SPEC, LoadOptions(num_ctx=2048, num_parallel=4))
    assert (plan.n_ctx, plan.n_cells, plan.kv_bytes) == (2048, 8192, 8_192_000)


@pytest.mark.parametrize(("wanted", "n_ctx"), [(0, DEFAULT_NUM_CTX), (1, 4), (100_000, 8192), (512, 512)])
def test_a_context_is_at_least_4_and_at_most_what_was_trained(wanted: int, n_ctx: int) -> None:
    assert plan_cells(SPEC, LoadOptions(num_ctx=wanted)).n_ctx == n_ctx


def test_less_memory_means_fewer_cells_but_one_context_always() -> None:
    options = LoadOptions(num_ctx=2048, num_parallel=4)
    assert plan_cells(SPEC, options, budget_bytes=5_000_000).n_cells == 5000
    assert plan_cells(SPEC, options, budget_bytes=0).n_cells == 2048


class TestLayout:
    options = LoadOptions(num_ctx=2048, num_parallel=4, swap_bytes=1)

    def test_there_is_a_stream_for_each_lane_where_each_has_a_full_context_anyway(self) -> None:
        plan = plan_cells(SPEC, self.options)
        assert (plan.layout, plan.n_seq_max, plan.max_idle_cells) == ("streams", 4, plan.n_cells)
        assert plan.kv_bytes == plan_cells(SPEC, self._with(kv_layout="unified")).kv_bytes == 8_192_000

    @pytest.mark.parametrize(
        "options", [{"kv_layout": "unified"}, {"num_cells": 4096}, {"num_parallel": 1}, {"swap_bytes": 0}]
    )
    def test_otherwise_the_cache_is_one(self, options: dict[str, object]) -> None:
        assert plan_cells(SPEC, self._with(**options)).layout == "unified"

    def test_without_room_to_swap_streams_have_to_be_asked_for(self) -> None:
        assert plan_cells(SPEC, self._with(swap_bytes=0, kv_layout="streams")).layout == "streams"

    def test_a_stream_is_as_long_as_llama_cpp_makes_it_and_the_budget_counts_all_of_it(self) -> None:
        options = self._with(num_ctx=1000)
        assert plan_cells(SPEC, options).kv_bytes == 4 * 1024 * 1000
        plan = plan_cells(SPEC, options, budget_bytes=4_050_000)
        assert (plan.layout, plan.kv_bytes) == ("unified", 4_000_000)

    def test_a_model_that_only_embeds_has_no_lanes(self) -> None:
        assert plan_cells(msgspec.structs.replace(SPEC, embeds_only=True), self.options).layout == "unified"

    def _with(self, **fields: object) -> LoadOptions:
        return msgspec.structs.replace(self.options, **fields)


def test_a_quantized_cache_takes_less() -> None:
    sizes = [
        plan_cells(SPEC, LoadOptions(num_ctx=1024, kv_cache_type=kind)).kv_bytes for kind in ("f16", "q8_0", "q4_0")
    ]
    assert sizes[0] > sizes[1] > sizes[2] > 0


def test_there_are_more_sequences_than_run_at_once_up_to_llamas_limit() -> None:
    options = LoadOptions()
    assert plan_cells(SPEC, options).n_seq_max >= 2 * options.num_parallel
    assert plan_cells(SPEC, msgspec.structs.replace(options, num_parallel=1000)).n_seq_max == 256


def test_idle_prefixes_may_hold_a_thirty_second_of_what_the_weights_take() -> None:
    spec = msgspec.structs.replace(SPEC, size_bytes=8_000_000)
    assert plan_cells(spec, LoadOptions()).max_idle_cells == 250


def test_a_model_that_sees_has_room_for_an_image_at_least() -> None:
    spec = msgspec.structs.replace(SPEC, projector_path="mmproj.gguf")
    assert plan_cells(spec, LoadOptions(num_ctx=10)).n_ctx == 2048
    assert plan_cells(spec, LoadOptions(num_ctx=5000)).n_ctx == 5000
