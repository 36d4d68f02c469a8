"""Models that the `ollama` client creates on a live server, and what they answer."""

from __future__ import annotations

from pathlib import Path

import ollama
import pytest
from ollama import Client

from tests.conformance.conftest import MODEL
from tests.gguf_files import write_tiny_gguf
from tests.gguf_lora import write_tiny_lora

pytestmark = [pytest.mark.slow, pytest.mark.real_model, pytest.mark.timeout(300)]

GREEDY = {"temperature": 0, "num_predict": 8, "seed": 1}
CHATML = "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
QUESTION = [{"role": "user", "content": "Who are you?"}]


def test_a_model_of_another_answers_in_its_own_way(client: Client) -> None:
    created = client.create(
        model="pirate",
        from_=MODEL,
        system="You are a pirate.",
        parameters={"num_predict": 3, "temperature": 0},
        messages=[{"role": "user", "content": "Ahoy"}, {"role": "assistant", "content": "Arr!"}],
        template=CHATML,
        license="MIT",
    )
    assert created.status == "success"
    answer = client.chat("pirate", QUESTION)
    assert (answer.eval_count, answer.done_reason) == (3, "length")
    plain = client.chat(MODEL, QUESTION, options={"num_predict": 1})
    assert (answer.prompt_eval_count or 0) > (plain.prompt_eval_count or 0)
    shown = client.show("pirate")
    assert shown.details is not None
    assert shown.details.parent_model == MODEL
    assert "SYSTEM You are a pirate." in (shown.modelfile or "")
    assert "MESSAGE assistant Arr!" in (shown.modelfile or "")
    client.delete("pirate")


def test_progress_is_streamed(client: Client) -> None:
    statuses = [line.status or "" for line in client.create(model="same", from_=MODEL, stream=True)]
    assert [status.partition(" sha256:")[0] for status in statuses] == [
        "using existing layer",
        "writing manifest",
        "success",
    ]
    assert client.show("same").details == client.show(MODEL).details.model_copy(update={"parent_model": MODEL})  # type: ignore[union-attr]
    client.delete("same")


def test_a_file_is_uploaded_quantized_and_answers(client: Client, tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "tiny.gguf", quantization="F16", n_embd=256, n_ff=256)
    lora = write_tiny_lora(tmp_path / "lora.gguf", n_embd=256)
    lines = list(
        client.create(
            model="mine",
            files={"tiny.gguf": client.create_blob(path)},
            adapters={"lora.gguf": client.create_blob(lora)},
            quantize="q8_0",
            stream=True,
        )
    )
    assert any(line.status == "quantizing F16 model to Q8_0" and line.completed == line.total for line in lines)
    client.create(model="plain", files={"tiny.gguf": client.create_blob(path)}, quantize="q8_0")
    assert client.show("mine").details.quantization_level == "Q8_0"  # type: ignore[union-attr]
    with_lora = client.generate("mine", "abc", raw=True, options=GREEDY)
    without = client.generate("plain", "abc", raw=True, options=GREEDY)
    assert with_lora.response != without.response
    for name in ("mine", "plain"):
        client.delete(name)


def test_an_adapter_of_another_model_is_a_clear_error(client: Client, tmp_path: Path) -> None:
    lora = write_tiny_lora(tmp_path / "lora.gguf", n_embd=32)
    client.create(model="wrong", from_=MODEL, adapters={"lora.gguf": client.create_blob(lora)})
    with pytest.raises(ollama.ResponseError, match="adapter 1 does not fit the model") as caught:
        client.generate("wrong", "hi")
    assert caught.value.status_code == 500
    client.delete("wrong")


@pytest.mark.parametrize(
    ("request_", "status", "message"),
    [
        ({"from_": "a b"}, 400, "invalid model name"),
        ({}, 400, "neither 'from' or 'files' was specified"),
        ({"from_": MODEL, "template": "{{ if }}"}, 400, "template error"),
        ({"files": {"../a": "sha256:" + "0" * 64}}, 400, "file path must be relative"),
        ({"from_": MODEL, "quantize": "Q4_K_M"}, 400, "quantization is only supported for F16, BF16 and F32 models"),
    ],
)
def test_refusals_have_ollamas_words(client: Client, request_: dict[str, str], status: int, message: str) -> None:
    with pytest.raises(ollama.ResponseError, match=message) as caught:
        client.create(model="refused", **request_)  # type: ignore[call-overload]
    assert caught.value.status_code == status
