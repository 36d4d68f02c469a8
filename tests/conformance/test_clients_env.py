"""When a client's environment is made, and what is said where it can't be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.conformance import clients_env


class Maker:
    """Makes a folder with one file, and counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_made = 0

    def __call__(self) -> None:
        self.path.mkdir()
        (self.path / "package").write_text(str(self.n_made))
        self.n_made += 1


def test_it_is_made_once_for_each_state_of_its_lock(tmp_path: Path) -> None:
    make = Maker(tmp_path / "family")
    for stamp in ("one", "one", "two", "two"):
        clients_env._prepare(make.path, stamp, make)
    assert make.n_made == 2
    assert (make.path / "package").read_text() == "1"


def test_one_that_was_interrupted_is_made_again(tmp_path: Path) -> None:
    make = Maker(tmp_path / "family")
    make()
    clients_env._prepare(make.path, "one", make)
    assert make.n_made == 2


def test_what_can_not_be_installed_fails_the_test_and_says_why() -> None:
    broken = [sys.executable, "-c", "import sys; sys.exit('no route to host')"]
    with pytest.raises(pytest.fail.Exception, match=r"is there a network.*\n.*no route to host"):
        clients_env._install(broken)


def test_a_program_that_fails_fails_the_test_with_what_it_said(tmp_path: Path) -> None:
    venv = clients_env.ClientEnv("family", Path(sys.prefix))
    assert venv.run("python", "-c", "print('fine')", cwd=tmp_path, seconds=60) == "fine\n"
    with pytest.raises(AssertionError, match="it went wrong"):
        venv.run("python", "-c", "import sys; sys.exit('it went wrong')", cwd=tmp_path, seconds=60)
