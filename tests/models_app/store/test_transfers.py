"""Transfers over a line that fails in every way a line can (F3 to F5, F8 to F11, F14)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from models_app.digests import Digest
from models_app.errors import (
    CatalogError,
    DigestMismatch,
    InvalidSource,
    NotEnoughSpace,
    SourceNotFound,
    SourceUnavailable,
    TransferCancelled,
)
from models_app.progress import Progress
from models_app.sources.base import LayerPlan
from models_app.sources.url import URLSource
from models_app.store import blobs, transfers
from models_app.store.partials import lock_path, partial_path, read_state
from power_site import conf
from tests.models_app.rogue import Request, Rogue, rogue_server, serve, serve_cut, serve_whole, status

DATA = b"GGUF" + bytes(range(256)) * 4_000
DIGEST = Digest.of(DATA)


@pytest.fixture
def rogue(loopback: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rogue]:
    monkeypatch.setattr(transfers, "FIRST_WAIT_SECONDS", 0.01)
    with rogue_server(DATA) as server:
        yield server


def source_of(rogue: Rogue, fragment: str = "") -> URLSource:
    return URLSource(f"{rogue.url}/model.gguf{fragment}")


def plan_of(rogue: Rogue, fragment: str = "") -> LayerPlan:
    return source_of(rogue, fragment).resolve().layers[0]


def fetch(rogue: Rogue, fragment: str = "", **options: object) -> blobs.StoredBlob:
    options = {"on_progress": lambda _: None, "cancelled": lambda: False} | options
    return transfers.layer_transfer(source_of(rogue), plan_of(rogue, fragment), **options)  # type: ignore[arg-type]


def ranges(rogue: Rogue) -> list[int | None]:
    return [request.offset for request in rogue.requests]


def test_a_file_is_stored_under_its_digest(rogue: Rogue) -> None:
    assert fetch(rogue) == blobs.StoredBlob(digest=DIGEST, size_bytes=len(DATA))
    assert blobs.blob_verify(DIGEST) == len(DATA)
    assert not partial_path(plan_of(rogue).key).exists()
    assert not lock_path(plan_of(rogue).key).exists()


def test_a_truncated_body_goes_on_where_it_ended(rogue: Rogue) -> None:
    rogue.answers = [serve_cut(300_000), serve_cut(300_000)]
    fetch(rogue)
    assert ranges(rogue) == [None, 300_000, 600_000]
    assert rogue.requests[1].headers["If-Range"] == '"v1"'
    assert blobs.blob_verify(DIGEST) == len(DATA)


def test_after_five_failures_in_a_row_the_bytes_are_kept_for_the_next_pull(rogue: Rogue) -> None:
    rogue.answers = [serve_cut(100_000)] * transfers.MAX_TRIES
    with pytest.raises(SourceUnavailable):
        fetch(rogue)
    kept = read_state(plan_of(rogue).key).offset
    assert kept == 100_000 * transfers.MAX_TRIES
    fetch(rogue)
    assert ranges(rogue)[-1] == kept


def test_a_server_without_ranges_makes_it_start_over(rogue: Rogue) -> None:
    rogue.answers = [serve_cut(300_000), serve_whole]
    assert fetch(rogue).digest == DIGEST


def test_a_file_that_changes_on_the_way_is_started_over(rogue: Rogue) -> None:
    def change(request: Request) -> None:
        rogue.data, rogue.etag = DATA[::-1] + b"more", '"v2"'
        rogue.data = b"GGUF" + rogue.data
        serve(request)

    rogue.answers = [serve_cut(300_000), change]
    assert fetch(rogue).digest == Digest.of(rogue.data)


def test_a_file_that_shrank_is_started_over(rogue: Rogue) -> None:
    def shrink(request: Request) -> None:
        rogue.data, rogue.etag = DATA[:1000], '"v2"'
        serve(request)

    rogue.answers = [serve_cut(300_000), shrink]
    assert fetch(rogue).digest == Digest.of(DATA[:1000])


def test_a_signed_address_that_ran_out_is_asked_for_again(rogue: Rogue) -> None:
    rogue.answers = [serve_cut(300_000), status(403)]
    assert fetch(rogue).digest == DIGEST


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_what_may_pass_is_tried_again(rogue: Rogue, code: int) -> None:
    rogue.answers = [status(code)]
    assert fetch(rogue).digest == DIGEST


@pytest.mark.parametrize(("code", "error"), [(404, SourceNotFound), (401, InvalidSource), (204, InvalidSource)])
def test_what_cannot_pass_is_not_tried_again(rogue: Rogue, code: int, error: type[CatalogError]) -> None:
    rogue.answers = [status(code)]
    with pytest.raises(error):
        fetch(rogue)
    assert len(rogue.requests) == 1


@pytest.mark.parametrize("content_range", ["bytes 0-9/10", "bytes 5-3/10", "nonsense", "", "bytes 300000-1/0"])
def test_another_range_than_was_asked_for_is_refused(rogue: Rogue, content_range: str) -> None:
    rogue.answers = [serve_cut(300_000), status(206, Content_Range=content_range)]
    with pytest.raises(InvalidSource, match="range"):
        fetch(rogue)


def test_other_bytes_than_were_promised_are_thrown_away(rogue: Rogue, store: Path) -> None:
    rogue.data = DATA[:-1] + b"!"
    with pytest.raises(DigestMismatch, match=str(rogue.host).partition(":")[0]):
        fetch(rogue, f"#sha256={DIGEST.hex}")
    assert not [path for path in store.iterdir() if path.name.startswith(("sha256-", "partial-")) and not path.suffix]
    rogue.data = DATA
    fetch(rogue, f"#sha256={DIGEST.hex}")
    assert ranges(rogue)[-1] is None


def test_a_page_in_place_of_a_model_is_found_out_at_its_first_bytes(rogue: Rogue) -> None:
    rogue.data = b"<html>" + DATA
    with pytest.raises(InvalidSource, match="unsupported format"):
        fetch(rogue)


def test_a_cancelled_transfer_keeps_its_bytes(rogue: Rogue) -> None:
    seen: list[Progress] = []
    with pytest.raises(TransferCancelled):
        fetch(rogue, on_progress=seen.append, cancelled=lambda: bool(seen))
    kept = read_state(plan_of(rogue).key).offset
    assert 0 < kept < len(DATA)
    fetch(rogue)
    assert ranges(rogue)[-1] == kept


def test_the_bytes_of_a_process_killed_before_the_rename_are_not_fetched_again(
    rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path, digest: Digest) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(blobs, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            fetch(rogue)
    assert fetch(rogue).digest == DIGEST
    assert len(rogue.requests) == 1


def test_a_blob_that_is_there_is_not_fetched(rogue: Rogue) -> None:
    blobs.blob_write(DATA)
    fetch(rogue, f"#sha256={DIGEST.hex}")
    assert rogue.requests == []


def test_a_disk_too_small_is_noticed_before_a_byte_is_written(rogue: Rogue, store: Path) -> None:
    conf.configure({"min_free_bytes": 1 << 60, "allow_private_hosts": ["127.0.0.1"]})
    with pytest.raises(NotEnoughSpace):
        fetch(rogue)
    assert not partial_path(plan_of(rogue).key).exists()


@pytest.mark.parametrize("fragment", ["", f"#sha256={DIGEST.hex}"])
def test_many_who_want_one_file_fetch_it_once(rogue: Rogue, fragment: str) -> None:
    def slowly(request: Request) -> None:
        time.sleep(0.3)
        serve(request)

    rogue.answers = [slowly]
    done: list[blobs.StoredBlob] = []
    threads = [threading.Thread(target=lambda: done.append(fetch(rogue, fragment))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [stored.digest for stored in done] == [DIGEST] * 5
    assert len(rogue.requests) == 1


def test_when_one_gives_up_the_next_goes_on_with_its_bytes(rogue: Rogue) -> None:
    gone, seen = threading.Event(), threading.Event()

    def slowly(request: Request) -> None:
        request.head(200, Content_Length=len(DATA), ETag=rogue.etag)
        request.wfile.write(DATA[:500_000])
        request.wfile.flush()
        gone.wait(10)
        request.wfile.write(DATA[500_000:600_000])

    rogue.answers = [slowly]

    def give_up() -> None:
        with pytest.raises(TransferCancelled):
            fetch(rogue, on_progress=lambda _: seen.set(), cancelled=gone.is_set)

    first = threading.Thread(target=give_up)
    first.start()
    assert seen.wait(10)
    second: list[blobs.StoredBlob] = []
    other = threading.Thread(target=lambda: second.append(fetch(rogue)))
    other.start()
    gone.set()
    first.join()
    other.join()
    assert second[0].digest == DIGEST
    assert ranges(rogue)[1] is not None


def test_progress_is_told_at_most_every_60_ms_and_ends_with_the_whole(rogue: Rogue) -> None:
    seen: list[Progress] = []
    begun = time.monotonic()
    fetch(rogue, on_progress=seen.append)
    assert len(seen) <= 3 + (time.monotonic() - begun) / 0.06
    assert seen[-1].completed == seen[-1].total == len(DATA)
    assert seen[-1].status == f"pulling {seen[-1].digest[7:19]}"
