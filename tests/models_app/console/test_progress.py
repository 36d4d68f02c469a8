from __future__ import annotations

import io
import json

from models_app.console.progress import BarProgress, JSONProgress, PlainProgress, progress_writer
from models_app.progress import Progress

LAYER = "sha256:" + "ab" * 32


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def layer(completed: int) -> Progress:
    return Progress(status="pulling abababababab", digest=LAYER, total=1000, completed=completed)


def shown(stream: io.StringIO, steps: list[Progress], *, as_json: bool = False) -> str:
    with progress_writer(stream, as_json=as_json) as writer:
        for step in steps:
            writer.show(step)
    return stream.getvalue()


def test_a_terminal_gets_bars_a_pipe_lines_and_a_program_json() -> None:
    assert isinstance(progress_writer(Terminal()), BarProgress)
    assert isinstance(progress_writer(io.StringIO()), PlainProgress)
    assert isinstance(progress_writer(Terminal(), as_json=True), JSONProgress)


def test_a_pipe_gets_a_line_for_each_step_and_each_tenth_of_a_layer() -> None:
    steps = [Progress(status="pulling manifest"), *(layer(n) for n in range(0, 1001, 5)), Progress(status="success")]
    lines = shown(io.StringIO(), steps).splitlines()
    assert lines[:2] == ["pulling manifest", "pulling abababababab 0% of 1 KB"]
    assert lines[-2:] == ["pulling abababababab 100% of 1 KB", "success"]
    assert len(lines) == 1 + 11 + 1
    assert "\x1b" not in "".join(lines)


def test_json_has_one_object_a_line_without_what_is_empty() -> None:
    lines = shown(io.StringIO(), [Progress(status="pulling manifest"), layer(500)], as_json=True).splitlines()
    assert [json.loads(line) for line in lines] == [
        {"status": "pulling manifest"},
        {"status": "pulling abababababab", "digest": LAYER, "total": 1000, "completed": 500},
    ]


def test_a_terminal_sees_the_steps_and_the_bar_at_its_end() -> None:
    text = shown(Terminal(), [Progress(status="pulling manifest"), layer(10), layer(1000)])
    assert "pulling manifest" in text
    assert "100%" in text


def test_a_status_with_brackets_or_escapes_is_plain_text() -> None:
    text = shown(Terminal(), [Progress(status="[red]x[/red]\x1b]0;owned\x07")])
    assert "[red]x[/red]" in text
    assert "\x1b]0;" not in text
