"""inference.options: the table of option names, their types and bounds, and which of several values stands."""

from __future__ import annotations

import pytest

from inference.config import LoadOptions
from inference.errors import InvalidOption
from inference.options import ACCEPTED, OPTIONS, apply_load_options, parse_options
from inference.request import SamplingOptions


def test_without_options_ollamas_defaults_stand() -> None:
    parsed = parse_options()
    assert parsed.sampling == SamplingOptions()
    assert (parsed.num_predict, parsed.num_keep, parsed.stop, parsed.load) == (-1, 4, (), {})


def test_the_request_wins_over_the_model_and_the_model_over_the_wires_defaults() -> None:
    parsed = parse_options({"temperature": 1.0, "top_p": 1.0}, {"temperature": 0.3, "top_k": 5}, {"top_k": 7})
    assert (parsed.sampling.temperature, parsed.sampling.top_p, parsed.sampling.top_k) == (0.3, 1.0, 7)


def test_the_requests_stop_list_replaces_the_models() -> None:
    assert parse_options({"stop": ["a", "b"]}, {"stop": ["c"]}).stop == ("c",)


def test_null_is_absent() -> None:
    assert parse_options({"temperature": 0.3}, {"temperature": None, "unknown": None}).sampling.temperature == 0.3


def test_an_integer_may_be_written_as_a_float() -> None:
    parsed = parse_options({"top_k": 20.0, "num_ctx": 2048.0})
    assert parsed.sampling.top_k == 20
    assert isinstance(parsed.sampling.top_k, int)
    assert parsed.load == {"num_ctx": 2048}


def test_unknown_names_are_reported_and_old_ones_are_not() -> None:
    assert parse_options({"frobnicate": 1, "tfs_z": 1.0, "numa": True, "Temperature": 1}).ignored == (
        "Temperature",
        "frobnicate",
    )


def test_a_grammar_is_a_text() -> None:
    assert parse_options({"grammar": 'root ::= "a"'}).grammar == 'root ::= "a"'
    assert parse_options({"grammar": None}).grammar == ""
    with pytest.raises(InvalidOption, match='option "grammar" must be of type string'):
        parse_options({"grammar": {"root": "a"}})


def test_no_name_is_both_known_and_merely_accepted() -> None:
    assert not ACCEPTED & OPTIONS.keys()


def test_every_sampling_value_can_be_set() -> None:
    settable = {option.field for option in OPTIONS.values() if option.group == "sampling"}
    assert settable == set(SamplingOptions.__struct_fields__)


@pytest.mark.parametrize("name", [name for name, option in OPTIONS.items() if option.group == "load"])
def test_every_load_option_sets_a_field_of_load_options(name: str) -> None:
    assert OPTIONS[name].field in LoadOptions.__struct_fields__


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("top_k", "5", "integer"),
        ("top_k", True, "integer"),
        ("top_k", 1.5, "integer"),
        ("num_ctx", [], "integer"),
        ("temperature", "hot", "float32"),
        ("temperature", False, "float32"),
        ("use_mmap", 1, "boolean"),
        ("stop", "END", "array"),
        ("logit_bias", [], "object"),
    ],
)
def test_a_wrong_type_is_refused_with_ollamas_words(name: str, value: object, kind: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        parse_options({name: value})
    assert str(caught.value) == f'option "{name}" must be of type {kind}'
    assert caught.value.option == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("temperature", 101),
        ("top_p", -1),
        ("top_p", 1.01),
        ("min_p", 99),
        ("typical_p", 2),
        ("top_k", -2),
        ("top_k", 2**31),
        ("top_k", 1e300),
        ("repeat_penalty", 0),
        ("repeat_penalty", -1),
        ("repeat_last_n", -2),
        ("presence_penalty", 11),
        ("frequency_penalty", -11),
        ("mirostat", 3),
        ("seed", 2**63),
        ("num_predict", -3),
        ("num_predict", 2**31),
        ("num_keep", -2),
        ("num_ctx", 0),
        ("num_ctx", -1),
        ("num_batch", 0),
        ("num_thread", -1),
        ("num_gpu", -2),
        ("main_gpu", -1),
        ("xtc_probability", 1.5),
        ("stop", ["x"] * 17),
        ("stop", ["x" * 257]),
        ("stop", ["a", 1]),
        ("logit_bias", {"5": 101}),
        ("logit_bias", {"five": 1}),
        ("logit_bias", {"-1": 1}),
        ("logit_bias", {str(i): 0 for i in range(1025)}),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InvalidOption, match=f'option "{name}"') as caught:
        parse_options({name: value})
    assert caught.value.option == name


def test_an_infinite_integer_is_refused_by_name() -> None:
    with pytest.raises(InvalidOption, match='option "top_k"'):
        parse_options({"top_k": float("inf")})


def test_a_logit_bias_beyond_the_vocabulary_is_refused() -> None:
    assert parse_options({"logit_bias": {"99": 1}}, n_vocab=100).sampling.logit_bias == {99: 1.0}
    with pytest.raises(InvalidOption, match="below 100"):
        parse_options({"logit_bias": {"100": 1}}, n_vocab=100)


def test_a_negative_seed_is_random_and_a_long_one_fits_llama_cpp() -> None:
    assert parse_options({"seed": -5}).sampling.seed == -1
    assert 0 <= parse_options({"seed": 2**63 - 1}).sampling.seed < 2**32 - 1
    assert parse_options({"seed": 42}).sampling.seed == 42


def test_minus_two_predicts_without_a_limit_like_minus_one() -> None:
    assert parse_options({"num_predict": -2}).num_predict == -1


def test_an_empty_stop_string_is_dropped() -> None:
    assert parse_options({"stop": ["", "END"]}).stop == ("END",)


def test_a_tiny_context_is_raised_to_the_least_ollama_allows() -> None:
    assert parse_options({"num_ctx": 1}).load == {"num_ctx": 4}


def test_load_options_are_those_of_the_server_where_nobody_asked_otherwise() -> None:
    base = LoadOptions(num_ctx=4096)
    assert apply_load_options(base, {}) is base
    assert apply_load_options(base, {"num_threads": 3}) == LoadOptions(num_ctx=4096, num_threads=3)


def test_a_context_beyond_the_trained_one_is_cut() -> None:
    assert apply_load_options(LoadOptions(), {"num_ctx": 10**6}, n_ctx_train=2048).num_ctx == 2048
