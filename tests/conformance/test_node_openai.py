"""The `openai` npm package against live servers: clients/node/openai holds suites for node's own test runner."""

from __future__ import annotations

import pytest

from tests.conformance.clients_env import node_env
from tests.conformance.conftest import MODEL
from tests.live import LiveServer

# The first of these tests installs the package.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.real_model
@pytest.mark.parametrize("script", ["chat.mjs", "responses.mjs", "others.mjs"])
def test_the_package_speaks_to_power(server: LiveServer, script: str) -> None:
    node_env("openai").run(script, seconds=300, POWER_URL=server.url, POWER_MODEL=MODEL)


def test_it_comes_back_to_a_full_server_and_gives_places_back(full_server: LiveServer) -> None:
    node_env("openai").run("retries.mjs", seconds=120, POWER_URL=full_server.url, POWER_MODEL="tiny")
