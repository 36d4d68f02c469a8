from __future__ import annotations

import io
from dataclasses import replace

from models_app.console.card import card_sections, plain_card, rich_card, value_text
from models_app.console.listing import card_json
from models_app.entries import ModelCard
from tests.models_app.console.test_listing import ENTRY

CARD = ModelCard(
    entry=ENTRY,
    license="\n\nApache License\nVersion 2.0\nJanuary 2004\n",
    modelfile="",
    parameters='stop                           "<|im_end|>"\ntemperature                    0.2',
    template="",
    system="",
    messages=[],
    model_info={"general.architecture": "llama", "tokenizer.ggml.tokens": ["a", "b", "c", "d", "e"]},
    tensors=[{"name": "output.weight", "type": "Q6_K", "shape": [576, 49152]}],
)


def test_a_card_has_a_section_for_all_that_has_something_to_say() -> None:
    assert [title for title, _ in card_sections(card_json(CARD), verbose=False)] == [
        "Model",
        "Capabilities",
        "Parameters",
        "License",
    ]


def test_verbose_adds_the_metadata_and_the_tensors() -> None:
    sections = dict(card_sections(card_json(CARD), verbose=True))
    assert sections["Metadata"][1] == ("tokenizer.ggml.tokens", "[a, b, c, d, ...+1 more]")
    assert sections["Tensors"] == [("output.weight", "Q6_K", "[576, 49152]")]


def test_of_a_licence_the_first_two_lines_are_shown() -> None:
    assert dict(card_sections(card_json(CARD), verbose=False))["License"] == [
        ("Apache License",),
        ("Version 2.0",),
        ("...",),
    ]


def test_a_parameter_is_its_name_and_its_value() -> None:
    assert dict(card_sections(card_json(CARD), verbose=False))["Parameters"][0] == ("stop", '"<|im_end|>"')


def test_what_steers_a_terminal_is_gone_from_every_cell() -> None:
    card = replace(CARD, license="\x1b]0;title\x07licence", model_info={"k\x1b": "v\x1b[2J"})
    assert "\x1b" not in plain_card(card_sections(card_json(card), verbose=True))


def test_the_plain_card_indents_aligned_rows_under_their_title() -> None:
    text = plain_card(card_sections(card_json(CARD), verbose=False))
    assert text.startswith(
        "  Model\n    architecture    llama\n    quantization    Q4_1\n\n  Capabilities\n    completion\n"
    )


def test_the_rich_card_shows_the_same_under_the_models_name() -> None:
    text = rich_card("smollm2:135m", card_sections(card_json(CARD), verbose=False), io.StringIO())
    assert "smollm2:135m" in text.splitlines()[0]
    assert "Q4_1" in text


def test_metadata_values_fit_on_one_line() -> None:
    assert [value_text(v) for v in (True, None, "a\n b", 1.5, [1, 2])] == ["true", "-", "a b", "1.5", "[1, 2]"]


def test_a_projector_is_a_section_of_its_own() -> None:
    info = {"general.architecture": "clip", "clip.vision.embedding_length": 64, "clip.vision.projection_dim": 32}
    sections = dict(card_sections({"projector_info": info}, verbose=False))
    assert sections["Projector"] == [("architecture", "clip"), ("embedding length", "64"), ("dimensions", "32")]
