"""Images and sound behind the URLs of a request: fetched from the hosts that the setting ``media_hosts`` names.

The fetch is the one of pulls (``sources/fetcher.py``): every hop is checked, connected to the very address that was
checked, and sends nothing but the request. What differs is who may be asked, and how much, how long and what kind may
come. On the loop's thread, apart from ``_fetch``.
"""

from __future__ import annotations

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import httpx2

from models_app.errors import ForbiddenHost, InvalidSource, SourceError, SourceNotFound
from models_app.sources.addresses import is_allowed_private
from models_app.sources.fetcher import chunks, http_open, require_success, url_host, url_parse, url_port
from power_site.conf import config
from power_site.http import BadRequest

MAX_BYTES = 20 * 2**20
TIMEOUT_SECONDS = 10.0
_TIMEOUT = httpx2.Timeout(5.0)
_KIND = re.compile(r"(image|audio)/[\w.+-]+", re.ASCII)
# A host that is slow holds up nobody but others who ask for images.
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="power-media")
# One request may name many: together they are no more than its body could have carried.
_n_fetched: ContextVar[int] = ContextVar("n_fetched_bytes", default=0)


async def media_bytes(url: str, *, field: str) -> bytes:
    """The file behind ``url``. Raises BadRequest naming ``field``, which says no more than a stranger may know."""
    if not config().media_hosts:
        raise _refused(field, "this server fetches no URLs: send the data itself, or have media_hosts name the host")
    limit = min(MAX_BYTES, config().max_media_body_bytes - _n_fetched.get())
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            data = await asyncio.get_running_loop().run_in_executor(_threads, _fetch, url, limit)
    except TimeoutError:
        raise _refused(field, "the URL's host took too long") from None
    except _Unusable as error:
        raise _refused(field, str(error)) from None
    except SourceError as error:
        raise _refused(field, _reason(error)) from None
    _n_fetched.set(_n_fetched.get() + len(data))
    return data


class _Unusable(Exception):
    """``str(error)`` goes to the client."""


def _fetch(url: str, limit: int) -> bytes:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with http_open(url_parse(url), {}, check=_check, timeout=_TIMEOUT) as response:
        require_success(response, url_host(response.request.url))
        _check_kind(response)
        data = bytearray()
        for chunk in chunks(response):
            data += chunk
            if len(data) > limit:
                raise _Unusable("the file behind the URL is too large")
            if time.monotonic() > deadline:
                raise TimeoutError
    if not data:
        raise _Unusable("the file behind the URL is empty")
    return bytes(data)


def _check(url: httpx2.URL) -> None:
    """Before each hop's address is looked up. Raises _Unusable."""
    host, is_private = url_host(url), is_allowed_private(url_host(url), url_port(url))
    if not _is_named(host, url_port(url), is_private=is_private):
        raise _Unusable("the URL's host is not one that the setting media_hosts names")
    if url.scheme != "https" and not is_private:
        raise _Unusable("only https URLs are fetched")


def _is_named(host: str, port: int, *, is_private: bool) -> bool:
    """``*`` is every public host and ``*.example.com`` those below it; a private one has to be named in full."""
    plain = host.lower().rstrip(".")
    bracketed = f"[{plain}]" if ":" in plain else plain
    entries = [entry.lower() for entry in config().media_hosts]
    if {plain, bracketed, f"{bracketed}:{port}"}.intersection(entries):
        return True
    endings = ["" if entry == "*" else entry[1:] for entry in entries if entry.startswith("*")]
    return not is_private and any(map(plain.endswith, endings))


def _check_kind(response: httpx2.Response) -> None:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not _KIND.fullmatch(kind):
        raise _Unusable("the file behind the URL is neither an image nor sound by its Content-Type")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise _Unusable("the URL's host sends an encoding that was not asked for")


def _reason(error: SourceError) -> str:
    """Whether a host exists within the network, and what it answers there, is nobody's business."""
    if isinstance(error, ForbiddenHost):
        return "the URL's host is not a public one"
    if isinstance(error, SourceNotFound):
        return "there is no file behind the URL"
    if isinstance(error, InvalidSource):
        return "the URL can't be fetched"
    return "the URL's host can't be reached"


def _refused(field: str, reason: str) -> BadRequest:
    return BadRequest(f"{field}: {reason}", field=field)
