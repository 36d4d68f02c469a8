"""Tokens of a prompt, and the text of tokens, for every wire: the model is loaded, and nothing is decoded.

Everything runs on the loop's thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from inference import Tokenized, TokenizeRequest, TokenPrompt
from inference.options import ParsedOptions
from inference.request import Prompt
from inference.worker.protocol import LoadedInfo
from models_app.entries import ServedModel
from models_app.serving.generation import Ask
from models_app.serving.media import media_check
from models_app.serving.residency import served_load_options
from power_site import runtime

NO_OPTIONS = ParsedOptions()


async def prompt_count(served: ServedModel, ask: Ask) -> int:
    """Tokens that ``ask`` begins with: the prompt as its template renders it, tools and media included, however long.

    Raises every InferenceError that preparing the same generation would, except PromptTooLong.
    """
    media_check(served, ask.prompt)
    request = TokenizeRequest(prompt=ask.prompt, wants="count")
    options = served_load_options(served, ask.options.load)
    found = await runtime.pool().tokenize(served.spec, options, request, keep_alive_seconds=ask.keep_alive_seconds)
    return found.n_tokens


async def prompt_tokenize(
    served: ServedModel,
    prompt: Prompt,
    *,
    add_special: bool | None = None,
    parse_special: bool = True,
    options: ParsedOptions = NO_OPTIONS,
    keep_alive_seconds: float | None = None,
) -> Tokenized:
    """The tokens with what each is written as. ``add_special`` and ``parse_special``: see TokenizeRequest."""
    media_check(served, prompt)
    request = TokenizeRequest(prompt=prompt, add_special=add_special, parse_special=parse_special, wants="pieces")
    load_options = served_load_options(served, options.load)
    return await runtime.pool().tokenize(served.spec, load_options, request, keep_alive_seconds=keep_alive_seconds)


async def tokens_detokenize(served: ServedModel, tokens: Sequence[int]) -> str:
    """The text of tokens, control tokens as they are written; U+FFFD for what is no whole character.

    Raises InvalidOption for a number that is no token of the model.
    """
    found = await prompt_tokenize(served, TokenPrompt(tokens=tuple(tokens)))
    return b"".join(found.pieces).decode(errors="replace")


async def model_describe(served: ServedModel) -> LoadedInfo:
    """What it turned out to be; loads the model if it must."""
    return await runtime.pool().describe(served.spec, served_load_options(served, {}))
