"""The one table of settings: a dataclass field is a setting with its default, its kind and its help."""

# ruff: noqa: RUF009 - setting() is dataclasses.field() with our columns

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inference.config import BackendKind, EngineHost, FlashAttention, KVCacheType, KVLayout
from power_site.conf import kinds, ollama
from power_site.conf.kinds import Kind

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Setting:
    """``name`` is dotted for nested tables. ``from_ollama`` turns the Ollama variable's text into ours or None."""

    name: str
    default: Any
    kind: Kind
    help: str
    ollama: str | None
    from_ollama: Callable[[str], str | None]
    secret: bool

    @property
    def variable(self) -> str:
        return "A3S_POWER_" + self.name.replace(".", "_").upper()


def setting(
    default: Any,
    kind: Kind,
    help: str,  # noqa: A002
    *,
    ollama: str | None = None,
    from_ollama: Callable[[str], str | None] = lambda value: value,
    secret: bool = False,
) -> Any:
    metadata = {"kind": kind, "help": help, "ollama": ollama, "from_ollama": from_ollama, "secret": secret}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True, slots=True)
class GPUConfig:
    gpu_layers: int = setting(-1, kinds.integer(-1, 10_000), "Layers kept on the GPU; -1 is all that fit.")
    main_gpu: int = setting(0, kinds.integer(0, 255), "The GPU that holds what is not split.")
    tensor_split: tuple[float, ...] = setting(
        (), kinds.proportions(), "Shares of the model for each GPU; empty lets llama.cpp choose."
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Every setting, resolved. Durations are seconds (``inf``: no limit), sizes bytes."""

    home: Path = setting(
        Path("~/.a3s/power"), kinds.path(), "Power's own folder: config.toml, the database, the secret key."
    )
    host: str = setting(
        "127.0.0.1",
        kinds.text("a host name or an IP address", pattern=r"[0-9A-Za-z.:_%-]+"),
        "The address to listen on.",
        ollama="OLLAMA_HOST",
        from_ollama=ollama.host,
    )
    port: int = setting(
        11435, kinds.integer(0, 65535), "The port; 0 takes a free one.", ollama="OLLAMA_HOST", from_ollama=ollama.port
    )
    data_dir: Path = setting(None, kinds.path(), "The base of model storage; the home where it isn't set.")
    models_dir: Path = setting(
        None, kinds.path(), "The folder that holds blobs/; data_dir/models where it isn't set.", ollama="OLLAMA_MODELS"
    )
    max_loaded_models: int = setting(
        1,
        kinds.integer(1, 1000),
        "Models in memory at once; the least recently used idle one makes room.",
        ollama="OLLAMA_MAX_LOADED_MODELS",
        from_ollama=ollama.zero_is_unset,
    )
    num_parallel: int = setting(
        4,
        kinds.integer(1, 4096),
        "Sequences decoded together by one model, which share its KV cache.",
        ollama="OLLAMA_NUM_PARALLEL",
        from_ollama=ollama.zero_is_unset,
    )
    max_queue: int = setting(
        512,
        kinds.integer(0, 1_000_000),
        "Requests that may wait for one model; beyond it 503.",
        ollama="OLLAMA_MAX_QUEUE",
    )
    keep_alive: float = setting(
        300.0, kinds.keep_alive(), "How long an idle model stays in memory.", ollama="OLLAMA_KEEP_ALIVE"
    )
    context_length: int = setting(
        0,
        kinds.integer(0, 100_000_000),
        "Tokens of context where a request doesn't say; 0 chooses by model and memory.",
        ollama="OLLAMA_CONTEXT_LENGTH",
    )
    kv_cache_type: KVCacheType = setting(
        "f16",
        kinds.choice("f16", "q8_0", "q4_0"),
        "The type of the KV cache's cells; smaller ones save memory.",
        ollama="OLLAMA_KV_CACHE_TYPE",
    )
    swap_space: int = setting(
        512 * MIB,
        kinds.size(),
        "Main memory in which a loaded model keeps what idle chats had in the KV cache; 0 keeps none.",
    )
    flash_attention: FlashAttention = setting(
        "auto",
        kinds.choice("auto", "on", "off"),
        "Flash attention; auto leaves it to the engine.",
        ollama="OLLAMA_FLASH_ATTENTION",
        from_ollama=ollama.flash_attention,
    )
    kv_layout: KVLayout = setting(
        "auto",
        kinds.choice("auto", "unified", "streams"),
        "One KV cache for all sequences of a model, or a stream of it for each (faster, copies what they share); auto"
        " has streams where memory gives each a full context.",
    )
    load_timeout: float = setting(
        300.0,
        kinds.seconds(zero_is_forever=True),
        "How long a load may go on without progress.",
        ollama="OLLAMA_LOAD_TIMEOUT",
    )
    num_threads: int = setting(0, kinds.integer(0, 1024), "Threads of one model's decoding; 0 is the physical cores.")
    num_batch: int = setting(512, kinds.integer(1, 65536), "Tokens decoded in one step, all sequences together.")
    engine_host: EngineHost = setting(
        "process", kinds.choice("process", "inline"), "Models in processes of their own, or in the server's."
    )
    backend: BackendKind = setting(
        "llama", kinds.choice("llama", "fake"), "What decodes: llama.cpp, or a fake without a model, for tests."
    )
    fake_backend: str = setting(
        "",
        kinds.text("pairs such as delay=0.01&length=50", pattern=r"[a-z]+=.*"),
        "How the fake backend behaves.",
    )
    generic_tools: bool = setting(
        False,
        kinds.boolean(),
        "Offer tools to models whose template knows none on /api too, described in words; otherwise such a request is "
        "refused there.",
    )
    origins: tuple[str, ...] = setting(
        (),
        kinds.words("a list of origins such as https://chat.example or http://*.lan:*", pattern=r"[!-~]+"),
        "Web origins that may call the server, beside loopback and apps on the desktop; * is a wildcard.",
        ollama="OLLAMA_ORIGINS",
    )
    allow_private_hosts: tuple[str, ...] = setting(
        (),
        kinds.words("a list of host names or addresses, each with an optional port", pattern=r"[0-9A-Za-z.:\[\]_-]+"),
        "Private hosts that a pull may fetch from, and images that media_hosts names.",
    )
    hub_url: str = setting(
        "https://huggingface.co",
        kinds.text("an http or https URL", pattern=r"https?://[!-~]+"),
        "Where the files of well-known models are pulled from.",
    )
    max_body_bytes: int = setting(16 * MIB, kinds.size(), "The largest request body.")
    max_media_body_bytes: int = setting(
        64 * MIB, kinds.size(), "The largest body of a request that may carry images (chat, generate)."
    )
    media_hosts: tuple[str, ...] = setting(
        (),
        kinds.words(
            "a list of host names, each with an optional port; *.example.com or *",
            pattern=r"\*|(\*\.)?[0-9A-Za-z.:\[\]_-]+",
        ),
        "Hosts that a request's image URLs may be fetched from, by https; * is every public one.",
    )
    max_images: int = setting(
        100, kinds.integer(0, 10_000), "Images and sounds in one request; a picture has 40 megapixels at most."
    )
    min_free_bytes: int = setting(512 * MIB, kinds.size(), "Disk space that a pull leaves free.")
    drain_seconds: float = setting(30.0, kinds.seconds(), "How long running answers may go on after a stop was asked.")
    header_timeout: float = setting(10.0, kinds.seconds(), "How long a client may take to send a request's headers.")
    heartbeat_interval: float = setting(
        10.0,
        kinds.seconds(),
        "How long a streamed answer may be silent before its first word; then comments keep its connection alive.",
    )
    response_ttl: float = setting(
        30 * 86_400.0, kinds.seconds(zero_is_forever=True), "How long stored responses of /v1/responses are kept."
    )
    response_max_bytes: int = setting(
        512 * MIB, kinds.size(), "Stored responses together; beyond it the oldest are removed. 0 stores none."
    )
    metrics_remote: bool = setting(
        False, kinds.boolean(), "Answer /metrics to other machines too, not only to this one."
    )
    secret_key: str = setting(
        "",
        kinds.text("at least 32 characters", pattern=r".{32,}"),
        "Signs the admin's sessions; made and kept in the home where it isn't set.",
        secret=True,
    )
    no_history: bool = setting(
        False, kinds.boolean(), "Keep no file of the prompts typed in `run`.", ollama="OLLAMA_NOHISTORY"
    )
    editor: str = setting(
        "",
        kinds.text("a command"),
        "What Ctrl-G opens in `run`; $VISUAL or $EDITOR where it isn't set.",
        ollama="OLLAMA_EDITOR",
    )
    ollama_dir: Path = setting(
        Path("~/.ollama/models"), kinds.path(), "Ollama's store, for `import-ollama`.", ollama="OLLAMA_MODELS"
    )
    log_level: str = setting(
        "info", kinds.choice("debug", "info", "warning", "error"), "The least severe message that is logged."
    )
    debug: bool = setting(
        False,
        kinds.boolean(),
        "Log at debug level. Content is never logged, and no error page shows code.",
        ollama="OLLAMA_DEBUG",
        from_ollama=ollama.debug,
    )
    gpu: GPUConfig = field(default_factory=GPUConfig)


def settings(table: type[Any] = Config, prefix: str = "") -> Iterator[Setting]:
    """Every row of the table, nested ones with their dotted names."""
    for row in dataclasses.fields(table):
        if row.default_factory is not dataclasses.MISSING:
            yield from settings(row.default_factory, f"{row.name}.")  # type: ignore[arg-type]
        else:
            yield Setting(name=prefix + row.name, default=row.default, **row.metadata)
