"""Images through llama.cpp, on tiny models with random weights: what mtmd's own helper computes is the measure."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.config import LoadOptions
from inference.engine.batch import Batch
from inference.engine.opening import llama_available, open_backend
from inference.engine.prepare import Preparer
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.engine.step import Step
from inference.errors import InvalidRequest, ModelLoadError, NotSupported
from inference.events import Event, Started, TextDelta
from inference.request import GenerateRequest, SamplingOptions, TextPrompt
from inference.spec import ModelSpec
from tests.gguf_files import write_tiny_gguf
from tests.pictures import picture, wav
from tests.projector_files import write_tiny_projector, write_tiny_qwen2vl

if not llama_available():
    pytest.skip("llama-cpp-python is not installed", allow_module_level=True)

KINDS = ("mlp", "gemma3", "qwen2vl_merger")
RED, BLUE = picture(1), picture(2)
WIDE = picture(3, width=300, height=100)
N_TOP = 50
BEFORE, BEHIND = "What is in this picture? ", "And what is not?"


class Engine:
    """One loaded model with its projector, driven step by step."""

    def __init__(self, model: Path, projector: Path) -> None:
        self.spec = spec(model, projector)
        options = LoadOptions(num_ctx=2048, num_parallel=2, num_threads=1, swap_bytes=1 << 26)
        self.backend: Any = open_backend(self.spec, options, kind="llama", on_progress=lambda fraction: None)
        self.preparer = Preparer(self.backend)
        self.scheduler = Scheduler(self.backend, num_parallel=2, clock=lambda: 0.0)
        self._n = 0

    def ask(self, *images: bytes, text: str = f"{BEFORE}[img-0]{BEHIND}", num_predict: int = 1) -> list[Event]:
        self._n += 1
        request = GenerateRequest(
            prompt=TextPrompt(text=text, images=images),
            num_predict=num_predict,
            sampling=SamplingOptions(temperature=0.0),
            top_logprobs=N_TOP,
        )
        made = self.preparer.prepare(request)
        sampler = self.backend.new_sampler(request.sampling, made.tokens)
        sequence = Sequence(
            self._n, request, made.tokens, sampler=sampler, arrival=self._n, submitted_at=0.0, media=made.media
        )
        self.scheduler.add(sequence)
        while (step := self.scheduler.schedule()) is not None:
            self.backend.decode_media(step.media) if step.media else self.backend.decode(step.batch)
            self.scheduler.complete(step)
        return [event for _, event in self.scheduler.take_events()]


def spec(model: Path, projector: Path | None) -> ModelSpec:
    return ModelSpec(
        name="tiny",
        digest="0" * 64,
        model_path=str(model),
        projector_path=str(projector or ""),
        size_bytes=model.stat().st_size,
        n_ctx_train=2048,
        kv_bytes_per_token=256,
    )


def started(events: list[Event]) -> Started:
    return next(event for event in events if isinstance(event, Started))


def logprobs(events: list[Event]) -> dict[int, float]:
    """Of the first token's most likely ones."""
    delta = next(event for event in events if isinstance(event, TextDelta))
    return {each.token: each.logprob for each in delta.logprobs[0].top}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    folder = tmp_path_factory.mktemp("projectors")
    llama, qwen = write_tiny_gguf(folder / "llama.gguf"), write_tiny_qwen2vl(folder / "qwen2vl.gguf")
    return {
        kind: (
            qwen if kind == "qwen2vl_merger" else llama,
            write_tiny_projector(folder / f"{kind}.gguf", kind=kind),
        )
        for kind in KINDS
    }


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, files: dict[str, tuple[Path, Path]]) -> Iterator[Engine]:
    engine = Engine(*files[request.param])
    yield engine
    engine.backend.close()


@pytest.fixture
def fresh(engine: Engine) -> Engine:
    """Nothing in the cache."""
    while engine.scheduler.slots.evict_idle():
        pass
    engine.scheduler.slots.swap._entries.clear()
    return engine


def reference(model: Path, projector: Path, image: bytes, text: str) -> dict[int, float]:
    """The logarithm of each token's probability behind the prompt, all of it by mtmd's helper."""
    import llama_cpp.llama_cpp as lib
    import llama_cpp.mtmd_cpp as mtmd

    from inference.engine.media.image import read_image

    loaded = lib.llama_model_load_from_file(str(model).encode(), lib.llama_model_default_params())
    params = lib.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch, params.n_threads = 2048, 512, 512, 1
    context = lib.llama_init_from_model(loaded, params)
    media_params = mtmd.mtmd_context_params_default()
    media_params.n_threads, media_params.use_gpu = 1, False
    media = mtmd.mtmd_init_from_file(str(projector).encode(), loaded, media_params)
    pixels = np.ascontiguousarray(read_image(image))
    data = pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
    bitmap = mtmd.mtmd_bitmap_init(pixels.shape[1], pixels.shape[0], data)
    marked = text.replace("[img-0]", mtmd.mtmd_default_marker().decode()).encode()
    chunks = mtmd.mtmd_input_chunks_init()
    source = mtmd.mtmd_input_text(text=marked, text_len=len(marked), add_special=True, parse_special=True)
    bitmaps = (ctypes.c_void_p * 1)(bitmap)
    assert mtmd.mtmd_tokenize(media, chunks, ctypes.byref(source), bitmaps, 1) == 0
    n_past = lib.llama_pos(0)
    assert mtmd.mtmd_helper_eval_chunks(media, context, chunks, 0, 0, 512, True, ctypes.byref(n_past)) == 0
    n_vocab = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(loaded))
    logits = np.ctypeslib.as_array(lib.llama_get_logits_ith(context, -1), (n_vocab,)).astype(np.float64)
    mtmd.mtmd_input_chunks_free(chunks)
    mtmd.mtmd_bitmap_free(bitmap)
    mtmd.mtmd_free(media)
    lib.llama_free(context)
    lib.llama_model_free(loaded)
    return dict(enumerate((logits - logits.max() - np.log(np.exp(logits - logits.max()).sum())).tolist()))


@pytest.mark.slow
@pytest.mark.parametrize("image", [RED, WIDE], ids=["small", "wide"])
@pytest.mark.parametrize("text", [f"{BEFORE}[img-0]{BEHIND}", f"[img-0]{BEHIND}"], ids=["inside", "first"])
def test_the_next_token_is_as_likely_as_mtmds_own_helper_finds_it(fresh: Engine, image: bytes, text: str) -> None:
    expected = reference(Path(fresh.spec.model_path), Path(fresh.spec.projector_path), image, text)
    found = logprobs(fresh.ask(image, text=text))
    assert len(found) == N_TOP
    assert max(abs(found[token] - expected[token]) for token in found) < 2e-3


def test_the_same_image_is_taken_from_the_cache_and_changes_nothing(fresh: Engine) -> None:
    first, second = fresh.ask(WIDE), fresh.ask(WIDE)
    assert started(first).n_cached == 0
    assert started(second).n_cached == started(first).n_prompt - 1
    assert logprobs(second) == pytest.approx(logprobs(first), abs=2e-3)


def test_another_image_of_the_same_size_shares_the_text_before_it_and_no_more(fresh: Engine) -> None:
    n_before = len(fresh.backend.tokenize(BEFORE, add_special=True, parse_special=True))
    first, second = fresh.ask(RED), fresh.ask(BLUE)
    marks = started(second).n_cached - n_before
    assert 0 <= marks < len("<|vision_start|><start_of_image>")
    assert logprobs(second) != pytest.approx(logprobs(first), abs=2e-3)
    while fresh.scheduler.slots.evict_idle():
        pass
    assert logprobs(fresh.ask(BLUE)) == pytest.approx(logprobs(second), abs=2e-3)


@pytest.mark.slow
def test_what_was_swapped_out_with_its_image_comes_back_as_it_was(fresh: Engine) -> None:
    first = fresh.ask(WIDE)
    while fresh.scheduler.slots.evict_idle():
        pass
    second = fresh.ask(WIDE)
    assert started(second).n_cached == started(first).n_prompt - 1
    assert logprobs(second) == pytest.approx(logprobs(first), abs=2e-3)


@pytest.mark.slow
def test_a_talk_about_several_images_goes_on(fresh: Engine) -> None:
    text = "[img-0] and [img-1], then [img-0] again"
    events = fresh.ask(RED, WIDE, text=text, num_predict=20)
    assert [event for event in events if isinstance(event, TextDelta)]


@pytest.mark.slow
def test_an_image_in_pieces_is_the_same_image(files: dict[str, tuple[Path, Path]]) -> None:
    whole, pieces = Engine(*files["qwen2vl_merger"]), Engine(*files["qwen2vl_merger"])
    pieces.scheduler._step, pieces.scheduler._n_most = Step(Batch(16)), 16
    assert logprobs(pieces.ask(WIDE)) == pytest.approx(logprobs(whole.ask(WIDE)), abs=2e-3)
    assert pieces.scheduler.n_steps > whole.scheduler.n_steps
    whole.backend.close()
    pieces.backend.close()


def test_sound_is_refused_by_a_projector_that_only_sees(fresh: Engine) -> None:
    with pytest.raises(NotSupported, match="audio"):
        fresh.ask(wav())


@pytest.mark.slow
def test_sound_is_heard_and_taken_from_the_cache_and_pictures_are_refused(tmp_path: Path) -> None:
    engine = Engine(
        write_tiny_gguf(tmp_path / "llama.gguf"), write_tiny_projector(tmp_path / "ear.gguf", kind="qwen2a")
    )
    first, second, longer = (engine.ask(wav(seconds=seconds)) for seconds in (1.0, 1.0, 2.0))
    assert started(first).n_prompt > 700
    assert started(second).n_cached == started(first).n_prompt - 1
    assert started(longer).n_cached < 100
    with pytest.raises(NotSupported, match="image"):
        engine.ask(RED)
    with pytest.raises(InvalidRequest, match="damaged"):
        engine.ask(b"ID3" + bytes(500))
    engine.backend.close()


@pytest.mark.parametrize("damage", ["no projector at all", "cut off", "of another width"])
def test_a_projector_that_can_not_be_loaded_is_a_load_error_without_its_path(
    tmp_path: Path, files: dict[str, tuple[Path, Path]], damage: str
) -> None:
    model, projector = files["mlp"]
    broken = tmp_path / "broken.gguf"
    if damage == "of another width":
        write_tiny_projector(broken, n_proj=96)
    else:
        broken.write_bytes(model.read_bytes() if damage == "no projector at all" else projector.read_bytes()[:9_000])
    with pytest.raises(ModelLoadError, match="projector") as refused:
        open_backend(spec(model, broken), LoadOptions(num_ctx=64), kind="llama", on_progress=lambda fraction: None)
    assert str(tmp_path) not in str(refused.value)
