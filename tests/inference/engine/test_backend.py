"""What every backend has to do: one suite for the fake and for llama.cpp."""

from __future__ import annotations

import math
import sys
import threading

import numpy as np
import pytest

from inference.config import LoadOptions
from inference.engine import opening as opening_module
from inference.engine.backend import Aborted, Backend, CacheFull
from inference.engine.batch import Batch
from inference.engine.fake.backend import FakeBackend
from inference.engine.opening import open_backend
from inference.errors import BackendNotAvailable, ModelLoadError
from inference.request import SamplingOptions
from inference.spec import ModelSpec
from tests.inference.engine.support import fake_backend, fake_spec

GREEDY = SamplingOptions(temperature=0)
TEXT = "The capital of France is"


REAL_MODEL = ["smollm2", "smollm2_streams"]


@pytest.fixture(
    params=["unified", "streams", *(pytest.param(name, marks=pytest.mark.real_model) for name in REAL_MODEL)]
)
def backend(request: pytest.FixtureRequest) -> Backend:
    if request.param in REAL_MODEL:
        return request.getfixturevalue(request.param)  # type: ignore[no-any-return]
    return fake_backend(f"length=-1&layout={request.param}", num_ctx=256, num_parallel=3)


def decode(backend: Backend, seq_id: int, tokens: list[int], position: int = 0) -> int:
    """Decodes the tokens and returns the row of the last one's output."""
    batch = Batch(512)
    row = batch.add(seq_id, tokens, position, output=True)
    backend.decode(batch)
    return row


def best(backend: Backend, row: int, tokens: list[int]) -> int:
    sampler = backend.new_sampler(GREEDY, tokens)
    token = backend.sample(sampler, row)
    backend.free_sampler(sampler)
    return token


def test_a_sample_is_one_of_the_tokens_allowed(backend: Backend) -> None:
    tokens = tokenized(backend)
    row = decode(backend, 0, tokens)
    allowed = np.zeros(backend.info.n_vocab, np.bool_)
    wanted = backend.tokenize("7", add_special=False, parse_special=False)[0]
    allowed[wanted] = True
    for options in (GREEDY, SamplingOptions(), SamplingOptions(mirostat=2)):
        sampler = backend.new_sampler(options, tokens)
        assert backend.sample(sampler, row, allowed) == wanted
        backend.free_sampler(sampler)


def test_what_is_allowed_changes_no_logprobs(backend: Backend) -> None:
    tokens = tokenized(backend)
    row = decode(backend, 0, tokens)
    before = backend.logprobs(row, 5, 3)
    sampler = backend.new_sampler(SamplingOptions(), tokens)
    backend.sample(sampler, row, np.arange(backend.info.n_vocab) < 10)
    backend.free_sampler(sampler)
    assert backend.logprobs(row, 5, 3) == before


def test_llguidance_and_the_backend_speak_of_the_same_tokens(backend: Backend) -> None:
    tokenizer = backend.new_tokenizer()
    assert tokenizer.vocab_size == backend.info.n_vocab
    assert all(backend.is_eog(token) for token in tokenizer.eos_tokens)
    assert tokenizer.decode_bytes(tokenized(backend, "naïve 日本語 😀")) == "naïve 日本語 😀".encode()


def tokenized(backend: Backend, text: str = TEXT) -> list[int]:
    return backend.tokenize(text, add_special=False, parse_special=True)


def test_what_it_says_of_itself_fits_together(backend: Backend) -> None:
    info = backend.info
    assert 0 < info.n_ctx <= info.n_cells
    assert 0 < info.n_batch <= info.n_cells
    assert info.n_seq_max >= 3
    assert info.can_shift


@pytest.mark.parametrize("text", ["Hello, world", "naïve 日本語 😀", "", " leading", "line\nline\r\n\t", "\0"])
def test_pieces_give_the_text_back(backend: Backend, text: str) -> None:
    pieces = b"".join(backend.piece(token) for token in tokenized(backend, text))
    assert pieces == text.encode()


def test_a_special_token_has_a_text_only_when_asked_for(backend: Backend) -> None:
    bos = backend.tokenize("", add_special=True, parse_special=False) or tokenized(backend, backend.info.bos)
    assert backend.piece(bos[0]) == b""
    assert backend.special_piece(bos[0]) == backend.info.bos.encode()
    (letter,) = tokenized(backend, "a")
    assert backend.special_piece(letter) == backend.piece(letter) == b"a"


def test_a_long_text_is_tokenized_whole(backend: Backend) -> None:
    text = "word and 字 " * 2000
    assert b"".join(backend.piece(token) for token in tokenized(backend, text)) == text.encode()


def test_a_prompt_in_parts_predicts_what_the_whole_does(backend: Backend) -> None:
    tokens = tokenized(backend)
    whole = best(backend, decode(backend, 0, tokens), tokens)
    decode(backend, 1, tokens[:3])
    assert best(backend, decode(backend, 1, tokens[3:], 3), tokens) == whole


def test_a_copied_prefix_predicts_what_its_source_does(backend: Backend) -> None:
    tokens = tokenized(backend)
    expected = best(backend, decode(backend, 0, tokens), tokens)
    copy_prefix(backend, len(tokens) - 1)
    assert best(backend, decode(backend, 1, tokens[-1:], len(tokens) - 1), tokens) == expected


def copy_prefix(backend: Backend, n: int) -> None:
    assert backend.seq_cp(0, 1, 0, n)
    assert backend.seq_rm(1, n, -1)  # a stream is copied whole


def test_a_copy_lives_on_without_its_source(backend: Backend) -> None:
    tokens = tokenized(backend)
    expected = best(backend, decode(backend, 0, tokens), tokens)
    copy_prefix(backend, len(tokens) - 1)
    assert backend.seq_rm(0, -1, -1)
    assert best(backend, decode(backend, 1, tokens[-1:], len(tokens) - 1), tokens) == expected


def test_what_is_cut_off_is_forgotten(backend: Backend) -> None:
    tokens = tokenized(backend)
    expected = best(backend, decode(backend, 0, tokens), tokens)
    decode(backend, 0, tokenized(backend, " not London, as some"), len(tokens))
    assert backend.seq_rm(0, len(tokens) - 1, -1)
    assert best(backend, decode(backend, 0, tokens[-1:], len(tokens) - 1), tokens) == expected


def test_what_was_saved_predicts_the_same_in_another_sequence(backend: Backend) -> None:
    tokens = tokenized(backend)
    expected = best(backend, decode(backend, 0, tokens), tokens)
    state = backend.seq_save(0, backend.seq_size(0))
    assert state is not None
    assert backend.seq_rm(0, -1, -1)
    assert backend.seq_load(2, state)
    assert backend.seq_rm(2, len(tokens) - 1, -1)
    assert best(backend, decode(backend, 2, tokens[-1:], len(tokens) - 1), tokens) == expected


def test_the_order_of_a_batch_does_not_matter(backend: Backend) -> None:
    texts = {0: TEXT, 1: "One, two, three, four,", 2: "Roses are red, violets are"}
    alone = {
        seq_id: best(backend, decode(backend, seq_id, tokenized(backend, text)), []) for seq_id, text in texts.items()
    }
    for order in ([2, 0, 1], [1, 2, 0]):
        batch, rows = Batch(512), {}
        for seq_id in order:
            assert backend.seq_rm(seq_id, -1, -1)
            rows[seq_id] = batch.add(seq_id, tokenized(backend, texts[seq_id]), 0, output=True)
        backend.decode(batch)
        assert {seq_id: best(backend, rows[seq_id], []) for seq_id in texts} == alone
        assert [backend.logprobs(rows[seq_id], alone[seq_id], 1).top[0].token for seq_id in texts] == list(
            alone.values()
        )


def test_sequences_of_one_batch_do_not_see_each_other(backend: Backend) -> None:
    tokens, other = tokenized(backend), tokenized(backend, "One, two, three, four,")
    alone = [best(backend, decode(backend, 0, tokens), tokens), best(backend, decode(backend, 1, other), other)]
    for seq_id in (0, 1):
        backend.seq_rm(seq_id, -1, -1)
    batch = Batch(512)
    rows = [batch.add(0, tokens, 0, output=True), batch.add(1, other, 0, output=True)]
    backend.decode(batch)
    assert [best(backend, rows[0], tokens), best(backend, rows[1], other)] == alone


def test_moved_cells_are_where_they_were_moved_to(backend: Backend) -> None:
    tokens = tokenized(backend, TEXT + " a city in the north of it")
    decode(backend, 0, tokens)
    assert backend.seq_rm(0, 2, 4)
    backend.seq_add(0, 4, -1, -2)
    row = decode(backend, 0, tokens[:1], len(tokens) - 2)
    assert 0 <= best(backend, row, tokens) < backend.info.n_vocab


def test_more_tokens_than_cells_are_refused_and_nothing_is_lost() -> None:
    backend_refuses_more_tokens_than_cells(fake_backend("length=-1"))


@pytest.mark.real_model
@pytest.mark.slow
def test_llama_refuses_more_tokens_than_cells_too(smollm2: Backend) -> None:
    backend_refuses_more_tokens_than_cells(smollm2)


def backend_refuses_more_tokens_than_cells(backend: Backend) -> None:
    tokens = tokenized(backend)
    expected = best(backend, decode(backend, 0, tokens), tokens)
    n_free = backend.info.n_cells - len(tokens)
    filler = [tokens[0]] * backend.info.n_batch
    position = 0
    while n_free - position >= len(filler):
        batch = Batch(512)
        batch.add(1, filler, position, output=False)
        backend.decode(batch)
        position += len(filler)
    with pytest.raises(CacheFull):
        decode(backend, 2, [tokens[0]] * (n_free - position + 1))
    assert backend.seq_rm(0, len(tokens) - 1, -1)
    assert best(backend, decode(backend, 0, tokens[-1:], len(tokens) - 1), tokens) == expected


def test_an_abort_before_the_decode_ends_it_and_the_next_one_runs(backend: Backend) -> None:
    tokens = tokenized(backend)
    backend.abort()
    with pytest.raises(Aborted):
        decode(backend, 0, tokens)
    backend.seq_rm(0, 0, -1)
    expected = best(backend, decode(backend, 0, tokens), tokens)
    assert best(backend, decode(backend, 1, tokens), tokens) == expected


def test_logprobs_are_of_the_most_likely_tokens_in_order(backend: Backend) -> None:
    tokens = tokenized(backend)
    row = decode(backend, 0, tokens)
    token = best(backend, row, tokens)
    logprob = backend.logprobs(row, token, 5)
    assert (logprob.token, logprob.data) == (token, backend.piece(token))
    assert [each.logprob for each in logprob.top] == sorted((each.logprob for each in logprob.top), reverse=True)
    assert logprob.top[0].token == token
    assert len(logprob.top) == 5
    assert backend.logprobs(row, token, 0).top == ()


@pytest.mark.real_model
def test_all_probabilities_add_up_to_one(smollm2: Backend) -> None:
    row = decode(smollm2, 0, tokenized(smollm2))
    top = smollm2.logprobs(row, 0, smollm2.info.n_vocab).top
    assert math.isclose(sum(math.exp(each.logprob) for each in top), 1.0, rel_tol=1e-4)


def test_a_running_decode_is_aborted_from_another_thread() -> None:
    backend = fake_backend("delay=60")
    threading.Timer(0.05, backend.abort).start()
    with pytest.raises(Aborted):
        decode(backend, 0, [5])


class TestOpening:
    def test_progress_ends_at_one(self) -> None:
        fractions: list[float] = []
        open_backend(fake_spec(), LoadOptions(), kind="fake", on_progress=fractions.append)
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0

    def test_the_fake_can_fail_to_load(self) -> None:
        with pytest.raises(ModelLoadError, match="no such thing"):
            FakeBackend(fake_spec("load_error=no such thing"), LoadOptions())

    def test_without_llama_cpp_python_the_reason_says_how_to_install_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(opening_module, "llama_available", lambda: False)
        with pytest.raises(BackendNotAvailable, match="pip install"):
            open_backend(fake_spec(), LoadOptions(), kind="llama", on_progress=lambda fraction: None)

    def test_an_import_hook_that_refuses_llama_cpp_is_the_same_as_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Refuses:
            def find_spec(self, name: str, *_: object) -> None:
                if name == "llama_cpp":
                    raise ModuleNotFoundError(name=name)

        for name in [name for name in sys.modules if name.split(".")[0] == "llama_cpp"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(sys, "meta_path", [Refuses(), *sys.meta_path])
        assert not opening_module.llama_available()

    def test_a_llama_cpp_that_cannot_be_imported_is_not_available(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(opening_module, "llama_available", lambda: True)
        monkeypatch.setitem(sys.modules, "inference.engine.llama.backend", None)
        with pytest.raises(BackendNotAvailable):
            open_backend(fake_spec(), LoadOptions(), kind="llama", on_progress=lambda fraction: None)

    def test_the_specifications_template_comes_before_the_files(self) -> None:
        assert fake_backend(chat_template="mine").info.chat_template == "mine"

    @pytest.mark.real_model
    def test_a_file_that_is_no_model_is_a_load_error_without_its_path(
        self, smollm2_spec: ModelSpec, tmp_path: object, capfd: pytest.CaptureFixture[str]
    ) -> None:
        import msgspec

        spec = msgspec.structs.replace(smollm2_spec, model_path=__file__)
        with pytest.raises(ModelLoadError) as caught:
            open_backend(spec, LoadOptions(), kind="llama", on_progress=lambda fraction: None)
        assert "/" not in str(caught.value)
        assert capfd.readouterr() == ("", "")
