"""/v1/responses/<id>: a stored response, its input items, its end."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from api_openai.responses import store
from api_openai.responses.background import Follower, background_responses
from api_openai.responses.body import INCLUDABLE
from api_openai.responses.conversation import input_page
from api_openai.responses.encoding import BytesEncoder
from api_openai.responses.envelope import Envelope
from power_site.http import SSE, BadRequest, json_response, run_db
from power_site.streams import stream_response

MAX_PAGE, PAGE = 100, 20


async def retrieve(request: HttpRequest, response_id: str) -> HttpResponseBase:
    _check_include(request)
    if _flag(request, "stream"):
        return await _streamed(request, response_id)
    return json_response(await _current(response_id))


async def delete(request: HttpRequest, response_id: str) -> HttpResponseBase:
    await run_db(store.response_delete, response_id)
    await background_responses.cancel(response_id, forget=True)
    return json_response({"id": response_id, "object": "response", "deleted": True})


async def cancel(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Twice is as good as once; one that has ended stays as it is."""
    response = await _current(response_id)
    if not response["background"]:
        raise BadRequest("Only responses that run in the background can be cancelled.", field="response_id")
    if response["status"] in store.RUNNING:
        await background_responses.cancel(response_id)
        if (await _current(response_id))["status"] in store.RUNNING:  # another process works on it, and will notice
            await run_db(store.response_update, response={**response, "status": "cancelled", "output": []})
    return json_response(await _current(response_id))


async def input_items(request: HttpRequest, response_id: str) -> HttpResponseBase:
    _check_include(request)
    order = request.GET.get("order", "desc")
    if order not in ("asc", "desc"):
        raise BadRequest("order must be asc or desc", field="order")
    items, has_more = await run_db(
        input_page,
        response_id,
        newest_first=order == "desc",
        after=request.GET.get("after"),
        limit=_integer(request, "limit", PAGE, 1, MAX_PAGE),
    )
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": None, "last_id": None}
    return json_response({"object": "list", "data": items, **ends, "has_more": has_more})


async def _current(response_id: str) -> Envelope:
    """As far as it has come, where it runs here. Raises ResponseNotFound."""
    running = background_responses.get(response_id)
    if running is not None and not running.ended:
        return await running.current()
    return await run_db(store.response_get, response_id)


async def _streamed(request: HttpRequest, response_id: str) -> HttpResponseBase:
    after = _integer(request, "starting_after", -1, 0, 2**31)
    if _flag(request, "include_obfuscation"):
        raise BadRequest("include_obfuscation is for stream_options, when it is created", field="include_obfuscation")
    known = background_responses.get(response_id)
    if known is None or not known.is_streamed:
        await run_db(store.response_get, response_id)
        text = "only a response that was created in the background, as a stream, can be streamed, while it is recent"
        raise BadRequest(text, field="stream")
    return stream_response(Follower(known, after=after), BytesEncoder(), content_type=SSE)


def _check_include(request: HttpRequest) -> None:
    """Repeated, or with brackets, as the SDK writes lists."""
    for name in (*request.GET.getlist("include"), *request.GET.getlist("include[]")):
        if name not in INCLUDABLE:
            raise BadRequest(f"include: {name[:64]!r} is not known", field="include")


def _flag(request: HttpRequest, name: str) -> bool:
    value = request.GET.get(name, "false")
    if value not in ("true", "false"):
        raise BadRequest(f"{name} must be true or false", field=name)
    return value == "true"


def _integer(request: HttpRequest, name: str, default: int, low: int, high: int) -> int:
    value = request.GET.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or len(value) > 10 or not low <= int(value) <= high:
        raise BadRequest(f"{name} must be a whole number from {low} to {high}", field=name)
    return int(value)
