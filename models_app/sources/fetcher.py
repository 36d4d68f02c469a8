"""HTTP for pulls: every hop is checked, and connected to the very address that was checked.

No proxy, cookie, credential or compression: bytes come as they are stored, and no host learns what another was told.
"""

from __future__ import annotations

import contextlib
import functools
import re
import ssl
from collections.abc import Callable, Iterator, Mapping

import httpx2

from models_app.errors import InvalidSource, SourceNotFound, SourceUnavailable
from models_app.sources.addresses import address_for, is_allowed_private

MAX_REDIRECTS = 5
# ``read`` is also the longest silence in the middle of a body.
TIMEOUT = httpx2.Timeout(connect=10.0, read=30.0, write=10.0, pool=10.0)
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[A-Za-z0-9._:-]+", re.ASCII)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def url_parse(text: str) -> httpx2.URL:
    """By the client's own class and no other, so that what is checked is what is connected to. Raises InvalidSource."""
    if len(text) > 2048 or "\\" in text or not text.isascii() or any(c <= " " or c == "\x7f" for c in text):
        raise InvalidSource("the URL has characters that a URL can't have, or is too long")
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        raise InvalidSource("the URL can't be read") from None
    if url.scheme not in _PORTS or not _HOST.fullmatch(url_host(url)):
        raise InvalidSource("only http and https URLs with a host can be pulled")
    if url.userinfo:
        raise InvalidSource("the URL holds credentials, and those would be stored and logged with it")
    return url


def url_host(url: httpx2.URL) -> str:
    """The host as it goes over the wire: ``url.host`` is decoded, and a resolver might encode it differently again."""
    return url.raw_host.decode("ascii")


def url_port(url: httpx2.URL) -> int:
    return url.port or _PORTS[url.scheme]


def is_trusted_plain(url: httpx2.URL) -> bool:
    """Whether bytes over this URL come from whom it names: by TLS, or because a setting names the private host."""
    return url.scheme == "https" or is_allowed_private(url_host(url), url_port(url))


@contextlib.contextmanager
def http_open(
    url: httpx2.URL,
    headers: Mapping[str, str],
    *,
    check: Callable[[httpx2.URL], None] = lambda url: None,
    timeout: httpx2.Timeout = TIMEOUT,
) -> Iterator[httpx2.Response]:
    """The response after all redirects, its body not read yet. ``check`` is asked before each hop, and may raise.

    Raises ForbiddenHost, InvalidSource, and SourceUnavailable for what may pass.
    """
    with _client(timeout) as client:
        for _ in range(MAX_REDIRECTS + 1):
            check(url)
            with _one_hop(client, "GET", url, headers) as response:
                target = _redirect(url, response)
                if target is None:
                    yield response
                    return
                url = target
        raise InvalidSource(f"more than {MAX_REDIRECTS} redirects")


def http_head(url: httpx2.URL) -> httpx2.Headers:
    """The headers of the first answer, a redirect or not. Raises ForbiddenHost, SourceError by the status."""
    with _client() as client, _one_hop(client, "HEAD", url, {}) as response:
        if response.status_code not in _REDIRECTS:
            require_success(response, url_host(url))
        return response.headers


def require_success(response: httpx2.Response, host: str) -> None:
    """Raises SourceNotFound, SourceUnavailable or InvalidSource, by what a status means for another try."""
    status = response.status_code
    if status in (200, 206):
        return
    if status in (404, 410):
        raise SourceNotFound(host, f"host {host!r} has no such file ({status})")
    # 403 may be a signed address that ran out on the way: the next try asks the first URL again.
    if status in (403, 408, 425, 429) or status >= 500:
        raise SourceUnavailable(f"host {host!r} answers {status}")
    raise InvalidSource(f"host {host!r} answers {status}")


def chunks(response: httpx2.Response) -> Iterator[bytes]:
    """The body as sent. Raises SourceUnavailable where the connection fails."""
    try:
        yield from response.iter_raw()
    except httpx2.RequestError as error:
        raise SourceUnavailable(f"the connection failed: {type(error).__name__}") from error


def _client(timeout: httpx2.Timeout = TIMEOUT) -> httpx2.Client:
    return httpx2.Client(verify=_tls(), trust_env=False, follow_redirects=False, timeout=timeout)


@functools.cache
def _tls() -> ssl.SSLContext:
    """Reading all certificates takes a tenth of a second."""
    return httpx2.create_ssl_context(trust_env=False)


@contextlib.contextmanager
def _one_hop(
    client: httpx2.Client, method: str, url: httpx2.URL, headers: Mapping[str, str]
) -> Iterator[httpx2.Response]:
    client.cookies.clear()  # the client would tell hosts apart by their addresses
    address = address_for(url_host(url), url_port(url))
    request = client.build_request(
        method,
        url.copy_with(host=address, fragment=None),
        headers={"Accept-Encoding": "identity", "User-Agent": "a3s-power", **headers, "Host": url.netloc.decode()},
        extensions={"sni_hostname": url_host(url)},
    )
    try:
        response = client.send(request, stream=True)
    except httpx2.RequestError as error:
        raise SourceUnavailable(f"host {url_host(url)!r} can't be reached: {type(error).__name__}") from error
    try:
        yield response
    finally:
        response.close()


def _redirect(url: httpx2.URL, response: httpx2.Response) -> httpx2.URL | None:
    if response.status_code not in _REDIRECTS:
        return None
    try:
        target = url_parse(str(url.join(response.headers.get("Location", ""))))
    except httpx2.InvalidURL:
        raise InvalidSource("the redirect's URL can't be read") from None
    if url.scheme == "https" and not is_trusted_plain(target):
        raise InvalidSource("a redirect leads from https to plain http")
    return target
