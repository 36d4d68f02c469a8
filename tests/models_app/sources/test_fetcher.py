"""S16 to S18 on the wire: who is asked, and who is never reached."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from models_app.errors import CatalogError, ForbiddenHost, InvalidSource, SourceUnavailable
from models_app.sources.fetcher import http_open, url_parse
from power_site import conf
from tests.models_app.rogue import Rogue, redirect, rogue_server, serve

# The resolver may not even know "localhost." with its dot.
REFUSED = (ForbiddenHost, SourceUnavailable)


@pytest.fixture
def canary(home: Path) -> Iterator[Rogue]:
    """A server on loopback that no setting names."""
    with rogue_server(b"secret") as server:
        yield server


@pytest.fixture
def allowed(home: Path) -> Iterator[Rogue]:
    with rogue_server(b"bytes") as server:
        conf.configure({"allow_private_hosts": [server.host]})
        yield server


def read(url: str) -> bytes:
    with http_open(url_parse(url), {}) as response:
        return response.read()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/x", "http://localhost:{port}/x", "http://localhost.:{port}/x", "http://0.0.0.0:{port}",
     "http://[::]:{port}/", "http://0x7f.1:{port}/", "http://2130706433:{port}/", "http://[::ffff:127.0.0.1]:{port}/"],
)  # fmt: skip
def test_no_connection_is_made_to_a_private_address(canary: Rogue, url: str) -> None:
    with pytest.raises(REFUSED):
        read(url.format(port=canary.url.rpartition(":")[2]))
    assert canary.requests == []


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "http:///x", "//127.0.0.1/", "http://", "",
     "http://allowed.example\\@127.0.0.1/", "http://allowed@127.0.0.1/", "http://u:p@allowed.example/",
     "http://127.0.0.1\t/", "http://127.0.0.1/\r\nX: y", "http://127.0.0.1/a b", "http://\u212aexample.com/",
     "http://[::1/", "http://127.0.0.1:99999/", "http://h/" + "x" * 3_000],
)  # fmt: skip
def test_what_two_parsers_could_read_differently_is_no_url(home: Path, url: str) -> None:
    with pytest.raises(CatalogError):
        read(url)


def test_a_redirect_to_a_private_address_is_not_followed(allowed: Rogue, canary: Rogue) -> None:
    conf.configure({"allow_private_hosts": [allowed.host]})
    allowed.answers = [redirect(f"{canary.url}/secret")]
    with pytest.raises(ForbiddenHost):
        read(f"{allowed.url}/model.gguf")
    assert canary.requests == []


def test_a_redirect_within_the_allowed_host_is_followed(allowed: Rogue) -> None:
    allowed.answers = [redirect("/other"), redirect("third")]
    assert read(f"{allowed.url}/model.gguf") == b"bytes"
    assert [request.path for request in allowed.requests] == ["/model.gguf", "/other", "/third"]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "http://u:p@127.0.0.1/", "", "http://["])
def test_a_redirect_to_what_is_no_url_is_refused(allowed: Rogue, target: str) -> None:
    allowed.answer = redirect(target)
    with pytest.raises(InvalidSource):
        read(f"{allowed.url}/model.gguf")


def test_endless_redirects_end(allowed: Rogue) -> None:
    allowed.answer = redirect("/again")
    with pytest.raises(InvalidSource, match="redirects"):
        read(f"{allowed.url}/model.gguf")
    assert len(allowed.requests) == 6


def test_the_address_that_was_checked_is_the_one_connected_to(allowed: Rogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that changes its mind is asked once, and the server still hears the name it was asked for."""
    port = int(allowed.url.rpartition(":")[2])
    conf.configure({"allow_private_hosts": [f"mirror.example:{port}"]})
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def rebinding(host: str, *rest: object, **options: object) -> object:
        asked.append(host)
        return resolve("127.0.0.1" if asked.count(host) == 1 else "127.0.0.2", *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert read(f"http://mirror.example:{port}/model.gguf") == b"bytes"
    assert asked.count("mirror.example") == 1
    assert allowed.requests[0].headers["Host"] == f"mirror.example:{port}"


def test_nothing_is_sent_but_the_request(allowed: Rogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    allowed.answers = [lambda request: request.head(302, Location="/x", Set_Cookie="a=b", Content_Length=0), serve]
    read(f"{allowed.url}/model.gguf")
    for request in allowed.requests:
        assert not {"Cookie", "Authorization", "Referer"} & set(request.headers)
        assert request.headers["Accept-Encoding"] == "identity"
