"""A request's constraints in the engine: where they begin to hold, and what compiles them. On the prep threads."""

from __future__ import annotations

import logging
from functools import partial

from inference.constrain import Compiler, Matcher, Vocabulary
from inference.engine.backend import Backend
from inference.engine.lazy import LazyMatcher
from inference.engine.thinking import ThinkingWatch
from inference.errors import InvalidConstraint
from inference.request import GenerateRequest

logger = logging.getLogger("inference.constraints")


def new_compiler(backend: Backend) -> Compiler:
    """Nothing is built before the first constraint comes."""
    vocabulary = Vocabulary(
        build=backend.new_tokenizer,
        tokenize=partial(backend.tokenize, add_special=False, parse_special=True),
        piece=backend.special_piece,
    )
    return Compiler(vocabulary, n_vocab=backend.info.n_vocab)


def matcher_for(compiler: Compiler, request: GenerateRequest, watch: ThinkingWatch | None) -> Matcher | None:
    """None for an answer without a constraint. Thinking is part of what is matched, as the watch sees to it that there
    is some: a token may hold the last of it and the first of the answer. Raises InvalidConstraint."""
    if request.constraint is None:
        return None
    is_open = watch is not None and watch.was_open
    thinks = watch is not None and not watch.is_over
    return compiler.matcher(
        request.constraint,
        thinking=request.thinking if thinks else None,
        is_open=is_open,
        preserved=request.preserved,
    )


def lazy_matcher_for(compiler: Compiler, request: GenerateRequest) -> LazyMatcher | None:
    """None for an answer whose text stays free. Raises InvalidConstraint, that of the last one tried."""
    lazy = request.lazy_constraint
    if lazy is None or request.constraint is not None:
        return None
    refusal: InvalidConstraint | None = None
    for constraint in lazy.constraints:
        try:
            beginning = compiler.matcher(constraint, preserved=request.preserved)
        except InvalidConstraint as error:
            refusal = error
        else:
            return LazyMatcher(lazy.openings, beginning, compiler.speller(request.preserved), once=lazy.once)
    if refusal is not None and lazy.needed:
        raise refusal
    logger.info("no grammar could be made of a request's tools: its calls are checked only")
    return None
