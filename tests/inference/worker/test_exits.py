import pytest

from inference.worker.exits import STOPPED, exit_of_status, hung, load_stalled


@pytest.mark.parametrize(
    ("status", "label", "words"),
    [
        (-11, "SIGSEGV", "segmentation fault"),
        (139, "SIGSEGV", "segmentation fault"),
        (134, "SIGABRT", "aborted"),
        (-7, "SIGBUS", "bus error"),
        (135, "SIGBUS", "bus error"),
        (137, "SIGKILL", "lack of memory"),
        (-15, "SIGTERM", "SIGTERM"),
        (1, "status 1", "exited with status 1"),
        (0, "status 0", "exited with status 0"),
        (70, "decode failed", "decode thread"),
        (255, "status 255", "exited with status 255"),
    ],
)
def test_a_status_says_why_the_worker_ended(status: int, label: str, words: str) -> None:
    ending = exit_of_status(status)
    assert ending.label == label
    assert words in ending.words
    assert ending.crashed


def test_only_what_was_asked_for_or_says_nothing_of_the_next_try_is_no_crash() -> None:
    assert not STOPPED.crashed
    assert not load_stalled(300).crashed
    assert hung(30).crashed


def test_only_the_kernels_signal_points_at_memory() -> None:
    assert exit_of_status(-9).may_be_out_of_memory
    assert not exit_of_status(-6).may_be_out_of_memory
    assert not hung(30).may_be_out_of_memory
