"""Rules that hold for the whole tree: what may be imported, and what may stand in a committed file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("power_site", "models_app", "inference", "api_ollama", "api_openai", "api_anthropic")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

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


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt", "demo.txt", "clients.txt"])
def test_the_lock_has_a_hash_for_every_package_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    packages = [block for block in re.split(r"\n(?=[a-z])", text) if re.match(r"[a-z]", block)]
    assert packages
    assert [block.split()[0] for block in packages if "--hash=sha256:" not in block] == []
    assert "://" not in text
