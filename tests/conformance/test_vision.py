"""The `ollama` Python client and a model that sees: a generated one, for what arrives and not for what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import ollama
import openai
import pytest

from tests.live import LiveServer
from tests.pictures import in_base64, picture
from tests.seeing import create_seeing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EYE = "eye"
SHORT = {"num_predict": 4, "temperature": 0}
N_IMAGE = 4


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    pytest.importorskip("llama_cpp")
    folder = tmp_path_factory.mktemp("vision")
    live = LiveServer(folder / "home", {"num_threads": 1})
    live.start()
    with httpx2.Client(base_url=live.url, timeout=60) as client:
        create_seeing(client, folder, EYE)
    yield live
    assert live.is_alive(), f"the server ended under the tests:\n{live.log()}"
    assert live.terminate() == 0


@pytest.fixture
def client(seeing: LiveServer) -> ollama.Client:
    return ollama.Client(host=seeing.url, timeout=60)


def n_prompt(answer: ollama.ChatResponse | ollama.GenerateResponse) -> int:
    assert answer.prompt_eval_count is not None
    return answer.prompt_eval_count


def test_show_tells_of_the_projector(client: ollama.Client, seeing: LiveServer) -> None:
    shown = client.show(EYE)
    assert shown.capabilities is not None
    assert {"completion", "vision"} <= set(shown.capabilities)
    raw = httpx2.post(f"{seeing.url}/api/show", json={"model": EYE}).json()
    assert raw["projector_info"]["general.architecture"] == "clip"


def test_an_image_is_a_path_bytes_or_base64(client: ollama.Client, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(picture(1))
    said = set()
    for image in (tmp_path / "picture.png", str(tmp_path / "picture.png"), picture(1), in_base64(picture(1))):
        message = {"role": "user", "content": "What is this?", "images": [image]}
        said.add(client.chat(EYE, messages=[message], options=SHORT).message.content)
    assert len(said) == 1


def test_generate_takes_images_too_and_streams(client: ollama.Client) -> None:
    *parts, last = client.generate(EYE, prompt="What is this?", images=[picture(1)], options=SHORT, stream=True)
    assert parts
    assert last.done


def test_the_prompts_length_counts_each_image_exactly(client: ollama.Client) -> None:
    lengths = [
        n_prompt(client.generate(EYE, prompt="What?", images=[picture(seed) for seed in range(n)], options=SHORT))
        for n in (1, 2, 3)
    ]
    assert [length - lengths[0] for length in lengths] == [0, N_IMAGE, 2 * N_IMAGE]


def test_another_picture_gets_another_answer(client: ollama.Client) -> None:
    answers = [
        client.generate(EYE, prompt="What?", images=[picture(seed)], options=SHORT, logprobs=True, top_logprobs=5)
        for seed in (1, 2, 1)
    ]
    first, second, again = [answer.logprobs[0].logprob for answer in answers if answer.logprobs]
    assert first == pytest.approx(again, abs=2e-3)
    assert first != pytest.approx(second, abs=1e-4)


def test_a_raw_prompt_has_its_image_where_it_says(client: ollama.Client) -> None:
    raw = client.generate(EYE, prompt="see [img-0] there", raw=True, images=[picture(1)], options=SHORT)
    bare = client.generate(EYE, prompt="see  there", raw=True, options=SHORT)
    assert n_prompt(raw) >= n_prompt(bare) + N_IMAGE - 1


def test_a_talk_goes_on_about_its_picture(client: ollama.Client) -> None:
    messages: list[dict[str, object]] = [{"role": "user", "content": "What is this?", "images": [picture(1)]}]
    first = client.chat(EYE, messages=messages, options=SHORT)
    messages += [{"role": "assistant", "content": first.message.content}, {"role": "user", "content": "And this?"}]
    assert n_prompt(client.chat(EYE, messages=messages, options=SHORT)) > n_prompt(first)


def test_the_debug_view_shows_where_the_image_stands(seeing: LiveServer) -> None:
    body = {"model": EYE, "prompt": "What?", "images": [in_base64(picture(1))], "_debug_render_only": True}
    shown = httpx2.post(f"{seeing.url}/api/generate", json=body | {"stream": False}).json()["_debug_info"]
    assert "[img-0]What?" in shown["rendered_template"]
    assert shown["image_count"] == 1


def test_a_context_given_back_goes_on_without_the_picture(client: ollama.Client) -> None:
    first = client.generate(EYE, prompt="What?", images=[picture(1)], options=SHORT)
    assert first.context is not None
    assert client.generate(EYE, prompt="And?", context=first.context, options=SHORT).done


def test_openais_parts_are_the_same_images(client: ollama.Client, seeing: LiveServer) -> None:
    message = {"role": "user", "content": "What is this?", "images": [picture(1)]}
    theirs = client.chat(EYE, messages=[message], options=SHORT)
    url = f"data:image/png;base64,{in_base64(picture(1))}"
    parts = [
        {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
        {"type": "text", "text": "What is this?"},
    ]
    lengths = []
    with openai.OpenAI(base_url=f"{seeing.url}/v1", api_key="x", max_retries=0, timeout=60) as sdk:
        for content in (parts, parts[::-1], [*parts, parts[0]]):
            asked: list[Any] = [{"role": "user", "content": content}]
            answer = sdk.chat.completions.create(model=EYE, messages=asked, max_tokens=4, temperature=0)
            assert answer.usage is not None
            lengths.append(answer.usage.prompt_tokens)
            if content is parts:
                assert answer.choices[0].message.content == theirs.message.content
    assert lengths[0] == n_prompt(theirs)
    assert lengths[2] - lengths[0] == N_IMAGE


def test_an_image_that_can_not_be_had_is_named(seeing: LiveServer) -> None:
    with openai.OpenAI(base_url=f"{seeing.url}/v1", api_key="x", max_retries=0, timeout=60) as sdk:
        for part, named in (
            (
                {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}},
                "messages[0].content[0].image_url.url",
            ),
            (
                {"type": "input_audio", "input_audio": {"data": "?", "format": "wav"}},
                "messages[0].content[0].input_audio.data",
            ),
            ({"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}, None),
        ):
            asked: list[Any] = [{"role": "user", "content": [part]}]
            with pytest.raises(openai.BadRequestError) as caught:
                sdk.chat.completions.create(model=EYE, messages=asked)
            assert caught.value.param == named or named is None
