"""The page at /docs: offline, under a strict policy, and with every file that it names."""

from __future__ import annotations

import re

import httpx2

ASSET = re.compile(r'(?:src|href)="([^"]+)"')


async def test_the_page_asks_nothing_of_another_host_and_every_file_is_there(api: httpx2.AsyncClient) -> None:
    page = await api.get("/docs")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    named = ASSET.findall(page.text)
    assert len([name for name in named if name.endswith(".js")]) == 2
    assert all(name.startswith("/") and not name.startswith("//") for name in named)
    for name in named:
        answer = await api.get(name)
        assert answer.status_code == 200, name
        assert answer.content


async def test_scripts_and_styles_are_files_and_nothing_is_inline(api: httpx2.AsyncClient) -> None:
    page = await api.get("/docs")
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page.text) == []


async def test_it_shows_the_servers_own_document(api: httpx2.AsyncClient) -> None:
    script = (await api.get("/static/power_site/docs.js")).text
    (url,) = re.findall(r'url: "([^"]+)"', script)
    assert (await api.get(url)).json()["openapi"].startswith("3.")


async def test_it_is_read_only_and_no_part_of_the_api(api: httpx2.AsyncClient) -> None:
    assert (await api.post("/docs")).status_code in {403, 405}
    assert "/docs" not in (await api.get("/openapi.json")).json()["paths"]
