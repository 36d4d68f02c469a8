"""The command line's entry, in processes of their own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.models_app.console.servers import Answer, serving

ROOT = Path(__file__).resolve().parents[2]


def power(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "A3S_POWER_HOME": str(home), **variables}
    command = [sys.executable, "-m", "power_site", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=100)


def test_without_a_command_it_shows_its_own_commands(tmp_path: Path) -> None:
    done = power(tmp_path)
    assert done.returncode == 0
    assert "serve" in done.stdout
    assert "createcachetable" not in done.stdout


def test_it_prints_its_version(tmp_path: Path) -> None:
    done = power(tmp_path, "--version", A3S_POWER_PORT="9")
    assert (done.returncode, done.stdout) == (0, "power version is 0.1.0\n")
    assert done.stderr == "Warning: could not connect to a running Power server\n"


def test_another_servers_version_is_warned_of(tmp_path: Path) -> None:
    with serving({"/health": Answer([{"version": "9.9"}])}) as server:
        done = power(tmp_path, "-v", A3S_POWER_PORT=str(server.client.port))
    assert (done.stdout, done.stderr) == ("power version is 9.9\n", "Warning: client version is 0.1.0\n")


def test_help_tells_of_one_command_or_lists_ours(tmp_path: Path) -> None:
    assert power(tmp_path, "help").stdout == power(tmp_path).stdout
    done = power(tmp_path, "help", "import-ollama")
    assert done.stdout.startswith("usage: power import-ollama ")
    assert not (tmp_path / "power.sqlite3").exists()


def test_names_for_the_shell_need_no_database_and_make_none(tmp_path: Path) -> None:
    done = power(tmp_path, "__models")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
    assert not (tmp_path / "power.sqlite3").exists()


def test_a_bad_setting_stops_the_start_in_one_line_with_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("prot = 1")
    done = power(tmp_path, "list")
    assert done.returncode == 2
    assert done.stderr == "power: prot (from config.toml): there is no such setting, 1 is lost; did you mean port?\n"


def test_a_bad_port_on_the_command_line_is_refused_with_exit_code_2(tmp_path: Path) -> None:
    done = power(tmp_path, "serve", "--port", "many")
    assert done.returncode == 2
    assert "port (from command line): 'many' is not a whole number from 0 to 65535" in done.stderr


def test_a_command_that_there_is_not_is_wrong_usage_and_makes_no_database(tmp_path: Path) -> None:
    done = power(tmp_path, "lst")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "power: there is no command 'lst', did you mean 'list'?; power --help lists them\n"
    assert not (tmp_path / "power.sqlite3").exists()


def test_config_shows_values_sources_and_no_secret(tmp_path: Path) -> None:
    secret = "s3cret" * 10
    done = power(tmp_path, "config", "--json", A3S_POWER_PORT="1234", A3S_POWER_SECRET_KEY=secret)
    shown = json.loads(done.stdout)
    assert shown["port"] == {"value": 1234, "source": "A3S_POWER_PORT"}
    assert shown["max_queue"] == {"value": 512, "source": "default"}
    assert secret not in done.stdout
    assert secret not in power(tmp_path, "config", A3S_POWER_SECRET_KEY=secret).stdout


@pytest.mark.slow
def test_the_first_command_that_needs_the_database_makes_it_also_when_several_start_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as threads:
        done = list(threads.map(lambda _: power(tmp_path, "shell", "-c", "print('ready')"), range(3)))
    assert [(each.returncode, "ready" in each.stdout) for each in done] == [(0, True)] * 3, done[0].stderr
    with sqlite3.connect(tmp_path / "power.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM django_migrations WHERE app = 'models_app'").fetchone()[0] >= 1
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    for name in ("power.sqlite3", "secret_key"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, "only the owner reads what is secret"


def test_a_command_that_needs_no_database_makes_none(tmp_path: Path) -> None:
    assert power(tmp_path, "config").returncode == 0
    assert not (tmp_path / "power.sqlite3").exists()


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "power.sqlite3").write_bytes(b"not a database" * 100)
    done = power(tmp_path, "shell", "-c", "pass")
    assert done.returncode == 1
    assert done.stderr == "power: the database can't be used: file is not a database\n"


def test_the_packaged_settings_pass_djangos_deployment_checks(tmp_path: Path) -> None:
    done = power(tmp_path, "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
