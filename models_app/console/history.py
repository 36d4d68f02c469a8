"""What was typed in a chat, kept in a private file or in memory."""

from __future__ import annotations

from pathlib import Path

from prompt_toolkit.history import FileHistory, InMemoryHistory


class PrivateHistory(FileHistory):
    """``keep`` False: what is typed is forgotten at once."""

    keep = True

    def append_string(self, string: str) -> None:
        if self.keep:
            super().append_string(string)


class MemoryHistory(InMemoryHistory):
    keep = True

    def append_string(self, string: str) -> None:
        if self.keep:
            super().append_string(string)


def open_history(path: Path | None) -> PrivateHistory | MemoryHistory:
    """The file is made, and made private, by whoever says that it is to be kept (``Prompter.keep_history``)."""
    return PrivateHistory(str(path)) if path is not None else MemoryHistory()
