"""Names by Ollama's own table (types/model/name_test.go), and the promises of the type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_app.errors import InvalidModelName
from models_app.naming import ModelName, split_selector

PART80 = "8" * 80
HOST350 = "3" * 350
names = st.builds(
    ModelName,
    host=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,30}", fullmatch=True),
    namespace=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,30}", fullmatch=True),
    model=st.from_regex(r"m[A-Za-z0-9_.-]{0,30}", fullmatch=True),
    tag=st.from_regex(r"t[A-Za-z0-9_.]{0,30}", fullmatch=True),
)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("llama3", "registry.ollama.ai/library/llama3:latest"),
        ("team/llama3:8b", "registry.ollama.ai/team/llama3:8b"),
        ("host:80/team/llama3", "host:80/team/llama3:latest"),
        ("https://host:80/team/llama3:8b", "host:80/team/llama3:8b"),
        ("hf.co/bartowski/X-GGUF:Q4_K_M", "hf.co/bartowski/X-GGUF:Q4_K_M"),
        ("_why/_the/_lucky:_stiff", "_why/_the/_lucky:_stiff"),
        ("host:https/namespace/model:tag", "host:https/namespace/model:tag"),
        (f"{HOST350}/{PART80}/{PART80}:{PART80}", f"{HOST350}/{PART80}/{PART80}:{PART80}"),
    ],
)
def test_a_name_is_filled_in_with_the_defaults(text: str, full: str) -> None:
    assert ModelName.parse(text).full == full


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("llama3", "llama3:latest"),
        ("library/llama3:8b", "llama3:8b"),
        ("REGISTRY.ollama.ai/Library/Llama3:8b", "Llama3:8b"),
        ("team/llama3", "team/llama3:latest"),
        ("hf.co/library/x", "hf.co/library/x:latest"),
    ],
)
def test_the_shortest_form_always_has_its_tag(text: str, short: str) -> None:
    assert ModelName.parse(text).short == short


@pytest.mark.parametrize(
    "text",
    ["", "^", "mm:", "n/m:", "/nn/mm", "//", "//mm", "hh//", "//mm:@", "00@", "@", "@t", "m@d", "-hh/nn/mm:tt",
     "hh/-nn/mm:tt", "hh/nn/-mm:tt", "hh/nn/mm:-tt", "host/name:space/model:tag", "n.s/m", "a/b/c/d", "scheme://m",
     HOST350 + "3/n/m:t", f"h/{PART80}8/m:t", f"h/n/{PART80}8:t", f"h/n/m:{PART80}8", "m" * 1_000_000, "é", "m:\u0130"],
)  # fmt: skip
def test_what_breaks_the_grammar_is_no_name(text: str) -> None:
    with pytest.raises(InvalidModelName, match=r"^invalid model name$"):
        ModelName.parse(text)


@pytest.mark.parametrize(
    ("text", "base", "selector"),
    [
        ("llama3:cloud", "llama3", "cloud"),
        ("gpt-oss:20b-CLOUD", "gpt-oss:20b", "cloud"),
        ("llama3:LOCAL", "llama3", "local"),
        ("host:80-cloud/n/m", "host:80-cloud/n/m", ""),
        ("llama3", "llama3", ""),
    ],
)
def test_a_suffix_selects_where_the_model_runs(text: str, base: str, selector: str) -> None:
    assert split_selector(text) == (base, selector)


@pytest.mark.parametrize("text", ["m:cloud:local", "m:local:cloud", "m:7b-cloud:local"])
def test_two_selectors_are_refused_in_ollamas_words(text: str) -> None:
    with pytest.raises(InvalidModelName, match="use either :local or :cloud, not both"):
        ModelName.parse(text)


@given(names)
def test_every_name_is_read_back_from_its_full_and_its_short_form(name: ModelName) -> None:
    assert ModelName.parse(name.full) == name
    assert ModelName.parse(name.short).key == name.key


@given(names)
def test_case_makes_no_other_model(name: ModelName) -> None:
    assert ModelName.parse(name.full.upper()).key == name.key


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        name = ModelName.parse(text)
    except InvalidModelName:
        return
    assert all(part and part.isascii() for part in (name.host, name.namespace, name.model, name.tag))
    assert not {"/", "\\", "\0"} & set(name.namespace + name.model + name.tag)
