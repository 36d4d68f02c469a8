"""Insert (fill in the middle): the prompt for a text between a prefix and a suffix, from a model's tokens for that.

Prefix, suffix, middle, in this order, as llama.cpp's ``/infill`` puts them. No template and no messages take part.
"""

from __future__ import annotations

from msgspec import Struct


class InsertTokens(Struct, frozen=True):
    """The tokens in front of the prefix, of the suffix, and of what is to be written; ``texts`` are theirs."""

    prefix: int
    suffix: int
    middle: int
    texts: tuple[str, ...] = ("", "", "")

    def shown(self, prefix: str, suffix: str) -> str:
        """The prompt as text, for those who want to see it."""
        return f"{self.texts[0]}{prefix}{self.texts[1]}{suffix}{self.texts[2]}"


def insert_prompt(
    tokens: InsertTokens, prefix: list[int], suffix: list[int], *, head: list[int], n_most: int
) -> tuple[list[int], int]:
    """(the prompt, how many tokens were left out) in ``n_most`` tokens at most, ``head`` first.

    What is far from the gap goes first: the prefix's beginning and the suffix's end, which keeps a quarter of the room.
    """
    room = max(0, n_most - len(head) - 3)
    n_suffix = min(len(suffix), max(room // 4, room - len(prefix)))
    n_prefix = min(len(prefix), room - n_suffix)
    kept_prefix = prefix[len(prefix) - n_prefix :]
    prompt = [*head, tokens.prefix, *kept_prefix, tokens.suffix, *suffix[:n_suffix], tokens.middle]
    return prompt, len(prefix) + len(suffix) - n_prefix - n_suffix
