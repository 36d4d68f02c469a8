"""Precedence, bad values, Ollama's variables."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from power_site.conf import ConfigError, settings
from power_site.conf.resolve import build, resolve


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"A3S_POWER_HOME": str(tmp_path)}


def write(environ: dict[str, str], text: str) -> None:
    (Path(environ["A3S_POWER_HOME"]) / "config.toml").write_text(text)


def test_without_anything_set_each_setting_has_its_default_and_says_so(environ: dict[str, str]) -> None:
    resolved = resolve(environ, {})
    config = build(resolved)
    assert (config.host, config.port, config.max_loaded_models, config.num_parallel) == ("127.0.0.1", 11435, 1, 4)
    assert (config.max_queue, config.keep_alive, config.gpu.gpu_layers) == (512, 300.0, -1)
    assert {entry.source for name, entry in resolved.items() if name != "home"} == {"default"}


def test_the_command_line_wins_over_ours_over_ollamas_over_the_file_over_the_default(environ: dict[str, str]) -> None:
    write(environ, "port = 1001")
    layers: list[tuple[dict[str, str], dict[str, object]]] = [({}, {})]
    layers.append(({"OLLAMA_HOST": "0.0.0.0:1002"}, {}))
    layers.append((layers[-1][0] | {"A3S_POWER_PORT": "1003"}, {}))
    layers.append((layers[-1][0], {"port": 1004, "host": None}))
    seen = [resolve(environ | variables, arguments)["port"] for variables, arguments in layers]
    assert [(entry.value, entry.source) for entry in seen] == [
        (1001, "config.toml"),
        (1002, "OLLAMA_HOST"),
        (1003, "A3S_POWER_PORT"),
        (1004, "command line"),
    ]


def test_every_setting_can_be_set_by_its_own_variable(environ: dict[str, str]) -> None:
    names = {row.name: row.variable for row in settings()}
    assert names["gpu.gpu_layers"] == "A3S_POWER_GPU_GPU_LAYERS"
    assert len(set(names.values())) == len(names)
    assert build(resolve(environ | {"A3S_POWER_GPU_GPU_LAYERS": "7"}, {})).gpu.gpu_layers == 7


def test_the_folders_follow_the_home_and_ollamas_models_folder_is_taken_as_it_is(environ: dict[str, str]) -> None:
    home = Path(environ["A3S_POWER_HOME"])
    config = build(resolve(environ, {}))
    assert (config.home, config.data_dir, config.models_dir) == (home, home, home / "models")
    assert build(resolve(environ | {"A3S_POWER_DATA_DIR": "/data"}, {})).models_dir == Path("/data/models")
    assert build(resolve(environ | {"OLLAMA_MODELS": "/ollama/models"}, {})).models_dir == Path("/ollama/models")


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("0.0.0.0", "0.0.0.0", 11435),
        ("0.0.0.0:1234", "0.0.0.0", 1234),
        (":1234", "127.0.0.1", 1234),
        ("http://10.0.0.1", "10.0.0.1", 80),
        ("https://power.lan/prefix", "power.lan", 443),
        ("http://power.lan:9/prefix", "power.lan", 9),
        ("[::1]:1234", "::1", 1234),
        ("[::1]", "::1", 11435),
        ("::1", "::1", 11435),
        ("", "127.0.0.1", 11435),
    ],
)
def test_ollama_host_is_read_in_all_its_forms(environ: dict[str, str], value: str, host: str, port: int) -> None:
    config = build(resolve(environ | {"OLLAMA_HOST": value}, {}))
    assert (config.host, config.port) == (host, port)


@pytest.mark.parametrize(
    ("variable", "value", "name", "expected"),
    [
        ("OLLAMA_KEEP_ALIVE", "-1", "keep_alive", math.inf),
        ("OLLAMA_KEEP_ALIVE", "90", "keep_alive", 90.0),
        ("OLLAMA_KEEP_ALIVE", "1h30m", "keep_alive", 5400.0),
        ("OLLAMA_LOAD_TIMEOUT", "0", "load_timeout", math.inf),
        ("OLLAMA_MAX_LOADED_MODELS", "0", "max_loaded_models", 1),
        ("OLLAMA_FLASH_ATTENTION", "1", "flash_attention", "on"),
        ("OLLAMA_FLASH_ATTENTION", "false", "flash_attention", "off"),
        ("OLLAMA_DEBUG", "2", "debug", True),
        ("OLLAMA_KV_CACHE_TYPE", "q8_0", "kv_cache_type", "q8_0"),
        ("OLLAMA_ORIGINS", "https://a.example, http://*.lan:*", "origins", ("https://a.example", "http://*.lan:*")),
        ("A3S_POWER_MAX_BODY_BYTES", "1MiB", "max_body_bytes", 2**20),
        ("A3S_POWER_GPU_TENSOR_SPLIT", "3,1", "gpu.tensor_split", (3.0, 1.0)),
    ],
)
def test_a_variable_means_what_ollama_means_by_it(
    environ: dict[str, str], variable: str, value: str, name: str, expected: object
) -> None:
    assert resolve(environ | {variable: value}, {})[name].value == expected


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("A3S_POWER_PORT", "http", "port (from A3S_POWER_PORT): 'http' is not a whole number from 0 to 65535"),
        ("A3S_POWER_PORT", "65536", "port (from A3S_POWER_PORT): '65536' is not a whole number from 0 to 65535"),
        ("A3S_POWER_DEBUG", "maybe", "debug (from A3S_POWER_DEBUG): 'maybe' is not true or false"),
        ("OLLAMA_KV_CACHE_TYPE", "f8", "kv_cache_type (from OLLAMA_KV_CACHE_TYPE): 'f8' is not one of f16, q8_0, q4_0"),
        ("OLLAMA_HOST", "a:b:c", "host (from OLLAMA_HOST): 'a:b:c' is not a host name or an IP address"),
        ("A3S_POWER_SECRET_KEY", "short", "secret_key (from A3S_POWER_SECRET_KEY): the value given is not at least"),
        ("OLLAMA_KEEP_ALIVE", "5 min", "keep_alive (from OLLAMA_KEEP_ALIVE): '5 min' is not a duration"),
        ("A3S_POWER_GPU_TENSOR_SPLIT", "1,nan", "gpu.tensor_split (from A3S_POWER_GPU_TENSOR_SPLIT): '1,nan' is not"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_itself_and_what_is_allowed(
    environ: dict[str, str], variable: str, value: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(environ | {variable: value}, {})
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_an_unknown_key_of_the_file_is_refused_and_the_nearest_one_named(environ: dict[str, str]) -> None:
    write(environ, "[gpu]\ngpu_layer = 3")
    with pytest.raises(ConfigError, match=r"gpu\.gpu_layer .*did you mean gpu\.gpu_layers\?"):
        resolve(environ, {})


def test_the_home_cannot_be_set_in_the_file_that_is_found_through_it(environ: dict[str, str]) -> None:
    write(environ, 'home = "/elsewhere"')
    with pytest.raises(ConfigError, match="home"):
        resolve(environ, {})


@pytest.mark.parametrize("text", ["port = ", "port = 1\nport = 2", "\x00"])
def test_a_file_that_is_not_toml_is_refused(environ: dict[str, str], text: str) -> None:
    write(environ, text)
    with pytest.raises(ConfigError, match="not valid TOML"):
        resolve(environ, {})


@pytest.mark.parametrize(
    "text",
    [
        "port = true",
        "port = 1.5",
        'debug = "perhaps"',
        "origins = [1]",
        "keep_alive = 1.5",
    ],
)
def test_a_value_of_the_wrong_type_in_the_file_is_refused(environ: dict[str, str], text: str) -> None:
    write(environ, text)
    with pytest.raises(ConfigError, match=text.split()[0]):
        resolve(environ, {})
