"""A multipart form, read in memory: the gate has bounded the body's size, and no file of it touches the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError

from power_site.http import BadRequest


@dataclass(frozen=True, slots=True)
class Form:
    """``fields`` with all their values, as text; ``files`` whole, the last of each name. Names stand without ``[]``,
    and what follows it."""

    fields: Mapping[str, list[str]]
    files: Mapping[str, bytes]


async def read_form(request: HttpRequest) -> Form:
    """Raises BadRequest for what is no form, or one of too many parts."""
    if request.content_type != "multipart/form-data":
        raise BadRequest("the request's body must be multipart/form-data")
    try:
        return await asyncio.to_thread(_parse, request)
    except (MultiPartParserError, SuspiciousOperation, UnicodeError, ValueError):
        raise BadRequest("the form in the request's body can't be read") from None


def _parse(request: HttpRequest) -> Form:
    fields: dict[str, list[str]] = {}
    for name, values in request.POST.lists():
        fields.setdefault(name.partition("[")[0], []).extend(map(str, values))
    files = {name: parts[-1].read() for name, parts in request.FILES.lists()}
    return Form(fields, files)
