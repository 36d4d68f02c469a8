"""A pull's progress: bars on a terminal, a line for each step in a pipe, JSON for programs."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self, TextIO

from models_app.console.humanize import human_bytes, printable
from models_app.progress import Progress

_PLAIN_STEP_PERCENT = 10


class ProgressWriter(Protocol):
    """A context in which progress is shown. Called on the thread that pulls."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, progress: Progress) -> None: ...


def progress_writer(stream: TextIO, *, as_json: bool = False) -> ProgressWriter:
    if as_json:
        return JSONProgress(stream)
    return BarProgress(stream) if stream.isatty() else PlainProgress(stream)


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.flush()

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


class JSONProgress(_Lines):
    """The objects of ``/api/pull``, one a line; what is empty is left out."""

    def show(self, progress: Progress) -> None:
        import orjson

        fields = {"digest": progress.digest, "total": progress.total, "completed": progress.completed}
        shown = {name: value for name, value in fields.items() if value}
        self._line(orjson.dumps({"status": progress.status} | shown).decode())


class PlainProgress(_Lines):
    """A line when a step begins, and one for every tenth of a layer: a log must stay readable."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._last: tuple[str, int] | None = None

    def show(self, progress: Progress) -> None:
        percent = progress.completed * 100 // progress.total if progress.total else 0
        step = (progress.status, percent // _PLAIN_STEP_PERCENT)
        if step != self._last:
            self._last = step
            size = f" {percent}% of {human_bytes(progress.total)}" if progress.total else ""
            self._line(progress.status + size)


class BarProgress:
    """One bar for each layer, told apart by its digest; other steps are lines above the bars."""

    def __init__(self, stream: TextIO) -> None:
        from rich import progress as bars
        from rich.console import Console

        self._progress = bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.TaskProgressColumn(),
            bars.DownloadColumn(),
            bars.TransferSpeedColumn(),
            bars.TimeRemainingColumn(compact=True),
            console=Console(file=stream, highlight=False),
        )
        self._tasks: dict[str, bars.TaskID] = {}
        self._last_status = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, progress: Progress) -> None:
        status = printable(progress.status)
        if progress.digest:
            self._bar(status, progress)
        elif status != self._last_status:
            self._progress.console.print(status, markup=False)
            self._last_status = status

    def _bar(self, status: str, progress: Progress) -> None:
        if progress.digest not in self._tasks:
            self._tasks[progress.digest] = self._progress.add_task(status, total=None)
        task = self._tasks[progress.digest]
        self._progress.update(task, completed=progress.completed, total=progress.total or None)
