"""S23: a file nobody vouched for is read within bounds, and what lies is refused before llama.cpp sees it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models_app.errors import InvalidGGUF
from models_app.gguf.facts import gguf_facts
from models_app.gguf.file import gguf_open
from tests import gguf_corpus as corpus

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# CI tries a few hundred; the nightly run sets this to 10 000.
N_EXAMPLES = int(os.environ.get("GGUF_EXAMPLES", "300"))
MAX_SECONDS = 1.0  # of processor time: a busy machine is no fault of the reader
MAX_GROWTH_BYTES = 64 << 20
SOUND = corpus.gguf(
    pairs=(
        corpus.ARCHITECTURE,
        corpus.pair("llama.block_count", corpus.U32, b"\2\0\0\0"),
        corpus.pair("llama.attention.head_count", corpus.ARRAY, corpus.array(corpus.U32, 2, b"\4\0\0\0" * 2)),
        corpus.pair("tokenizer.chat_template", corpus.STRING, corpus.text("{{ messages }}")),
        corpus.pair("tokenizer.ggml.tokens", corpus.ARRAY, corpus.array(corpus.STRING, 3, corpus.text("abc") * 3)),
    ),
    tensors=(corpus.WEIGHTS,),
    data=corpus.DATA,
)


def read(path: Path) -> None:
    with gguf_open(path) as file:
        gguf_facts(file)
        file.metadata(arrays=True)


def test_the_sound_file_the_others_are_made_from_is_read(tmp_path: Path) -> None:
    for data in (corpus.sound(), SOUND):
        (tmp_path / "f").write_bytes(data)
        read(tmp_path / "f")


@pytest.mark.parametrize("fault", corpus.MALFORMED)
def test_a_malformed_file_is_refused_quickly(tmp_path: Path, fault: str) -> None:
    (tmp_path / "f").write_bytes(corpus.MALFORMED[fault]())
    begun = time.process_time()
    with pytest.raises(InvalidGGUF), gguf_open(tmp_path / "f"):
        pass
    assert time.process_time() - begun <= MAX_SECONDS


@pytest.mark.parametrize("n_bytes", [0, 4, 23, 24, 30, 1000])
def test_a_truncated_file_is_refused(tmp_path: Path, tiny: bytes, n_bytes: int) -> None:
    for data in (tiny[:n_bytes], tiny[:-1]):
        (tmp_path / "f").write_bytes(data)
        with pytest.raises(InvalidGGUF):
            read(tmp_path / "f")


def test_no_malformed_file_takes_memory(tmp_path: Path) -> None:
    """All of the corpus in one process, which tells how much its peak grew beyond what the imports took."""
    for index, fault in enumerate(corpus.MALFORMED.values()):
        (tmp_path / f"{index}.gguf").write_bytes(fault())
    program = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from models_app.errors import InvalidGGUF\nfrom models_app.gguf.file import gguf_open\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "before = peak()\nrefused = 0\n"
        "for path in Path(sys.argv[1]).iterdir():\n"
        "    try:\n        with gguf_open(path): pass\n"
        "    except InvalidGGUF: refused += 1\n"
        "print(refused, peak() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    refused, growth = map(int, done.stdout.split())
    assert refused == len(corpus.MALFORMED)
    # Mapped pages of the files count as well: the biggest of them is 40 MiB, and none is held after its refusal.
    assert growth <= MAX_GROWTH_BYTES


@settings(max_examples=N_EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.binary(min_size=1, max_size=9)), max_size=6))
def test_changed_bytes_are_read_or_refused(tmp_path: Path, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(SOUND)
    for position, replacement in changes:
        data[position : position + len(replacement)] = replacement
    read_or_refuse(tmp_path, bytes(data))


@settings(max_examples=N_EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.binary(max_size=400), n_pairs=st.integers(0, 20), n_tensors=st.integers(0, 20))
def test_any_bytes_are_read_or_refused(tmp_path: Path, tail: bytes, n_pairs: int, n_tensors: int) -> None:
    read_or_refuse(tmp_path, corpus.gguf(n_pairs=n_pairs, n_tensors=n_tensors, alignment=1) + tail)


def read_or_refuse(folder: Path, data: bytes) -> None:
    (folder / "f").write_bytes(data)
    try:
        read(folder / "f")
    except InvalidGGUF:
        return


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    from tests.gguf_files import write_tiny_gguf

    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf").read_bytes()
