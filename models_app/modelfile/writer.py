"""Writes a Modelfile that reads back as what it was written from."""

from __future__ import annotations

from models_app.modelfile.commands import Command, Modelfile


def modelfile_write(modelfile: Modelfile) -> str:
    """One command a line. ``modelfile_parse`` gives the same commands again, but for a value in which a line that is
    not its last ends with three quotes: the grammar knows no escape."""
    return "".join(f"{_command(command)}\n" for command in modelfile.commands)


def quote(text: str) -> str:
    """Ollama's quoting: only where line breaks, quotes or outer spaces need it."""
    has_breaks = "\n" in text or "\r" in text
    if not has_breaks and '"' not in text and text == text.strip() and text:
        return text
    return f'"""{text}"""' if '"' in text or has_breaks else f'"{text}"'


def _command(command: Command) -> str:
    words = [command.keyword.upper(), command.key, quote(command.value)]
    return " ".join(word for word in words if word)
