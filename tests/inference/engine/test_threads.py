from __future__ import annotations

import os
from pathlib import Path

import pytest

from inference.engine import threads


@pytest.fixture
def four_cpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two cores with two threads each."""
    for cpu in range(4):
        folder = tmp_path / f"cpu{cpu}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(f"{cpu % 2},{cpu % 2 + 2}\n")
    monkeypatch.setattr(threads, "CPU_TOPOLOGY", tmp_path)
    monkeypatch.setattr(threads, "CGROUP_CPU_MAX", tmp_path / "cpu.max")
    monkeypatch.setattr(threads, "_allowed_cpus", lambda: [0, 1, 2, 3])
    return tmp_path


def test_siblings_count_once(four_cpus: Path) -> None:
    assert threads.num_threads() == 2


@pytest.mark.parametrize(("quota", "expected"), [("100000 100000", 1), ("max 100000", 2), ("50000 100000", 1)])
def test_a_containers_quota_is_respected(four_cpus: Path, quota: str, expected: int) -> None:
    (four_cpus / "cpu.max").write_text(quota)
    assert threads.num_threads() == expected


def test_this_machine_has_at_least_one() -> None:
    assert threads.num_threads() >= 1


def test_decode_threads_hardly_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    threads.limit_spinning()
    assert os.environ["GOMP_SPINCOUNT"] == threads.SPIN_COUNT


def test_what_the_environment_says_of_waiting_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    threads.limit_spinning()
    assert "GOMP_SPINCOUNT" not in os.environ
