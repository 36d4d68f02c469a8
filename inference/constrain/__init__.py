"""Constrained output: what a request's ``Constraint`` lets a model say next, by llguidance.

``Compiler`` belongs to a loaded model and runs on its prep threads; the ``Matcher`` it gives belongs to one sequence
and runs on the decode thread. llguidance is imported when the first constraint comes.
"""

from inference.constrain.compiler import Compiler
from inference.constrain.matcher import Matcher
from inference.constrain.special import Speller
from inference.constrain.vocabulary import Vocabulary

__all__ = ["Compiler", "Matcher", "Speller", "Vocabulary"]
