"""Limits on a request's head, which neither httptools nor Django has."""

from __future__ import annotations

from power_site.gate.refusal import Refusal

MAX_HEADERS = 100
MAX_TARGET_BYTES = 16 * 1024


def check_head(headers: list[tuple[bytes, bytes]], *, raw_path: bytes, query: bytes) -> None:
    """Raises Refusal."""
    if len(headers) > MAX_HEADERS:
        raise Refusal(431, "too many request headers", closes=True)
    if len(raw_path) + len(query) > MAX_TARGET_BYTES:
        raise Refusal(414, "the request's target is too long", closes=True)
    if any(b"_" in name for name, _ in headers):
        # A proxy in front can't tell X_Forwarded_For from X-Forwarded-For (CVE-2026-3902): no such name is read.
        raise Refusal(400, "header names with underscores are not accepted", closes=True)
    if b"\0" in raw_path or b"%00" in raw_path:
        raise Refusal(400, "the request's path is not valid")
