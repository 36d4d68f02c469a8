"""Which family a model is of, from the text of its chat template."""

from __future__ import annotations

from inference.chat.parsing import families
from inference.chat.parsing.family import Family


def family_of(template: str, *, architecture: str = "") -> Family:
    """Pure, and always answers. ``template`` is Jinja or Ollama's Go; "" where the file brings none."""
    if "<tool_call>" in template:
        return families.HERMES
    if "<think>" in template:
        return families.THINKING
    return families.PLAIN
