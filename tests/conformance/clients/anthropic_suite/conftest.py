"""The SDK's client, as anybody makes it: the base URL of a Power server and any key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

MODEL = os.environ["POWER_MODEL"]
HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]


@pytest.fixture
def client() -> Iterator[anthropic.Anthropic]:
    url = os.environ["POWER_URL"]
    with anthropic.Anthropic(base_url=url, api_key="any key will do", max_retries=0, timeout=120) as client:
        yield client
