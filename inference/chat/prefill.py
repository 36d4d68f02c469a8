"""A last message that the model is to continue: marked before a template renders it, cut open behind the mark."""

from __future__ import annotations

# Where the message ends, whatever the template puts behind it. Two private characters.
END_OF_FINAL = "\uf8fe\uf8ff"


def left_open(text: str) -> str:
    """The rendered text up to the mark; all of it where the template left the message out, or none was marked."""
    return text[: text.rfind(END_OF_FINAL)] if END_OF_FINAL in text else text
