"""What a model's answer says: text, thoughts and calls of tools, in the syntax of its family.

Pure: text in, events out, on whatever thread the caller likes, one parser for each answer.
"""

from inference.chat.parsing.answer import Parsed
from inference.chat.parsing.detect import family_of, generic_of
from inference.chat.parsing.families import GENERIC, PLAIN
from inference.chat.parsing.family import Family
from inference.chat.parsing.forcing import literal
from inference.chat.parsing.formats.generic import generic_instructions
from inference.chat.parsing.parser import Parser

__all__ = [
    "GENERIC",
    "PLAIN",
    "Family",
    "Parsed",
    "Parser",
    "family_of",
    "generic_instructions",
    "generic_of",
    "literal",
]
