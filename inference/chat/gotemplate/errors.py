"""What goes wrong in a Go template, told with the line it happened on.

    inference.errors.TemplateError
    └── GoTemplateError      parsing or execution; ``line`` counts from 1
    FunctionError            raised by a function, which knows no line; execution turns it into a GoTemplateError

No message holds a value of the data: the messages of a chat are a prompt, and prompts are never logged.
"""

from __future__ import annotations

from inference.errors import TemplateError

MAX_NAME_CHARS = 40


class GoTemplateError(TemplateError):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"the model's template, line {line}: {reason}")
        self.line = line


class FunctionError(Exception):
    pass


def shown(name: str) -> str:
    """A name out of the template, quoted so that it stays short and on one line."""
    return ascii(name if len(name) <= MAX_NAME_CHARS else name[:MAX_NAME_CHARS] + "…")
