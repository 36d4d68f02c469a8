"""Rules that hold for the whole tree: what may be imported, and what may stand in a committed file."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("power_site", "models_app", "inference", "api_ollama", "api_openai", "api_anthropic")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

LOCKS = sorted((ROOT / "requirements").rglob("*.txt"))
NODE_LOCKS = sorted((ROOT / "tests" / "conformance" / "clients" / "node").glob("*/package-lock.json"))

# Code run from data (S38), and archives, which we never unpack (S6).
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "zipfile", "tarfile", "yaml", "diskcache"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "unpack_archive"}


def imported_modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def called_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "unpack_archive":
            yield node.func.attr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_runs_code_from_data_or_unpacks_archives(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert FORBIDDEN_MODULES.isdisjoint(imported_modules(tree))
    assert FORBIDDEN_CALLS.isdisjoint(called_names(tree))


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_the_lock_has_a_hash_for_every_package_and_no_address(path: Path) -> None:
    text = path.read_text()
    packages = [block for block in re.split(r"\n(?=[a-z])", text) if re.match(r"[a-z]", block)]
    assert packages
    assert [block.split()[0] for block in packages if "--hash=sha256:" not in block] == []
    assert "://" not in text


@pytest.mark.parametrize("path", NODE_LOCKS, ids=lambda path: path.parent.name)
def test_the_lock_of_npm_has_a_hash_for_every_package_and_no_registry(path: Path) -> None:
    packages = json.loads(path.read_text())["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
    ours = json.loads(path.with_name("package.json").read_text())["dependencies"]
    assert [name for name, version in ours.items() if not version[0].isdigit()] == [], "a version that isn't exact"


def test_each_family_of_clients_has_a_group_and_a_lock() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    families = {name.removeprefix("clients-") for name in groups if name.startswith("clients-")}
    assert {path.stem for path in LOCKS if path.parent.name == "clients"} == families
    listed = re.search(r"^CLIENTS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert listed is not None
    assert set(listed[1].split()) == families
