from __future__ import annotations

from inference.worker.progress import ProgressWatch
from inference.worker.protocol import Heartbeat


def beat(watch: ProgressWatch, now: float, *, n_steps: int = 0, cpu: float = 0.0, busy: bool = True) -> None:
    watch.heartbeat(Heartbeat(n_steps, 1, 0, 0, cpu), now, busy=busy)


def watch() -> ProgressWatch:
    return ProgressWatch(timeout_seconds=30, now=0)


def test_silence_is_a_hang_even_of_an_idle_worker() -> None:
    one = watch()
    beat(one, 2, busy=False)
    assert one.stuck_seconds(32) is None
    assert one.stuck_seconds(33) == 31


def test_work_without_steps_is_a_hang() -> None:
    one = watch()
    for now in range(0, 34, 2):
        beat(one, now)
    assert one.stuck_seconds(32) == 32


def test_steps_or_frames_are_progress() -> None:
    one = watch()
    for now in range(0, 100, 2):
        beat(one, now, n_steps=now)
        assert one.stuck_seconds(now) is None
    one.frame(100)
    beat(one, 129, n_steps=98)
    assert one.stuck_seconds(130) is None


def test_an_idle_worker_may_rest_for_ever() -> None:
    one = watch()
    for now in range(0, 1000, 2):
        beat(one, now, busy=False)
    assert one.stuck_seconds(1000) is None


def test_one_long_step_that_computes_gets_ten_times_as_long() -> None:
    one = watch()
    for now in range(0, 302, 2):
        beat(one, now, cpu=now * 0.9)
    assert one.stuck_seconds(299) is None
    assert one.stuck_seconds(301) == 301
