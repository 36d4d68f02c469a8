"""S16 to S19: whose URLs are fetched for a request, what may come back, and who is never reached."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models_app.serving import remote_media
from models_app.serving.remote_media import media_bytes
from power_site import conf
from power_site.http import BadRequest
from tests.models_app.rogue import Request, Rogue, redirect, rogue_server, status

FIELD = "messages[0].content[1].image_url.url"


def serve(kind: str = "image/png", **headers: str) -> Callable[[Request], None]:
    def answer(request: Request) -> None:
        request.head(200, Content_Type=kind, **headers)
        request.wfile.write(request.rogue.data)

    return answer


@pytest.fixture
def canary(home: Path) -> Iterator[Rogue]:
    with rogue_server(b"secret") as server:
        server.answer = serve()
        yield server


@pytest.fixture
def named(home: Path) -> Iterator[Rogue]:
    with rogue_server(b"picture") as server:
        server.answer = serve()
        conf.configure({"media_hosts": [server.host], "allow_private_hosts": [server.host]})
        yield server


async def refused(url: str) -> str:
    with pytest.raises(BadRequest) as caught:
        await media_bytes(url, field=FIELD)
    assert caught.value.field == FIELD
    return str(caught.value).removeprefix(f"{FIELD}: ")


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml; charset=utf-8", "AUDIO/mpeg"])
async def test_a_named_hosts_image_or_sound_comes(named: Rogue, kind: str) -> None:
    named.answer = serve(kind)
    assert await media_bytes(f"{named.url}/x", field=FIELD) == b"picture"


async def test_nothing_is_fetched_until_a_setting_names_a_host(canary: Rogue) -> None:
    conf.configure({"allow_private_hosts": [canary.host]})
    assert "media_hosts" in await refused(f"{canary.url}/x")
    assert canary.requests == []


async def test_another_host_than_the_named_is_not_asked(canary: Rogue) -> None:
    conf.configure({"media_hosts": ["images.example"], "allow_private_hosts": [canary.host]})
    assert "media_hosts" in await refused(f"{canary.url}/x")
    assert canary.requests == []


@pytest.mark.parametrize("hosts", [["*"], ["127.0.0.1", "localhost", "[::1]"]])
@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:{port}/x", "https://localhost:{port}/", "https://[::1]:{port}/", "https://0x7f.1:{port}/",
            "https://2130706433:{port}/", "https://[::ffff:127.0.0.1]:{port}/"],
)  # fmt: skip
async def test_private_addresses_are_never_reached(canary: Rogue, url: str, hosts: list[str]) -> None:
    conf.configure({"media_hosts": hosts})
    assert "host" in await refused(url.format(port=canary.host.rpartition(":")[2]))
    assert canary.requests == []


async def test_every_host_does_not_mean_the_private_one_that_pulls_may_use(canary: Rogue) -> None:
    conf.configure({"media_hosts": ["*"], "allow_private_hosts": [canary.host]})
    assert "media_hosts" in await refused(f"{canary.url}/x")
    assert canary.requests == []


@pytest.mark.parametrize(
    "url", ["http://example.com/x", "file:///etc/passwd", "ftp://example.com/", "https://a@b/", ""]
)
async def test_what_is_not_https_is_refused_before_anybody_is_asked(home: Path, url: str) -> None:
    conf.configure({"media_hosts": ["*"]})
    assert await refused(url) in ("only https URLs are fetched", "the URL can't be fetched")


async def test_a_redirect_is_checked_as_the_first_url_was(named: Rogue, canary: Rogue) -> None:
    conf.configure({"media_hosts": [named.host], "allow_private_hosts": [named.host, canary.host]})
    named.answer = redirect(f"{canary.url}/secret")
    assert "media_hosts" in await refused(f"{named.url}/x")
    assert canary.requests == []


async def test_a_redirect_within_the_host_is_followed(named: Rogue) -> None:
    named.answers = [redirect("/other")]
    assert await media_bytes(f"{named.url}/x", field=FIELD) == b"picture"


async def test_what_is_no_image_is_refused(named: Rogue) -> None:
    for answer in (serve("text/html"), serve("application/octet-stream"), serve(Content_Encoding="gzip")):
        named.answer = answer
        assert "file" in await refused(f"{named.url}/x") or "encoding" in await refused(f"{named.url}/x")


@pytest.mark.parametrize(("code", "reason"), [(404, "no file"), (403, "can't be reached"), (500, "can't be reached")])
async def test_what_the_host_answers_is_told_no_further(named: Rogue, code: int, reason: str) -> None:
    named.answer = status(code)
    message = await refused(f"{named.url}/x")
    assert reason in message
    assert str(code) not in message


async def test_a_file_has_its_limit(named: Rogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_media, "MAX_BYTES", 6)
    assert "too large" in await refused(f"{named.url}/x")


async def test_all_files_of_a_request_together_are_no_more_than_a_body(named: Rogue) -> None:
    conf.configure({"media_hosts": ["127.0.0.1"], "allow_private_hosts": [named.host], "max_media_body_bytes": 15})
    for _ in range(2):
        assert await media_bytes(f"{named.url}/x", field=FIELD) == b"picture"
    assert "too large" in await refused(f"{named.url}/x")


async def test_a_host_that_takes_its_time_is_left(named: Rogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_media, "TIMEOUT_SECONDS", 0.1)
    named.answer = lambda request: time.sleep(0.3)
    assert "too long" in await refused(f"{named.url}/x")


@pytest.mark.parametrize(
    ("entry", "host", "expected"),
    [("*", "a.example", True), ("*.example", "a.example", True), ("*.example", "example", False),
     ("*.example", "aexample", False), ("A.example", "a.EXAMPLE.", True), ("a.example:8443", "a.example", False)],
)  # fmt: skip
def test_hosts_are_named_whole_or_by_what_they_end_with(home: Path, entry: str, host: str, *, expected: bool) -> None:
    conf.configure({"media_hosts": [entry]})
    assert remote_media._is_named(host, 443, is_private=False) is expected
