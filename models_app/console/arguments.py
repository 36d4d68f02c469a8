"""The arguments of ``run``: what they are called, what they may be, and the prompt they make together."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from models_app.console.command import UsageError
from models_app.console.formats import FormatError, answer_format

# Ollama's names of the options, and what the command line calls them.
SAMPLING = (
    ("temperature", float, "0 is always the same answer; higher is more varied"),
    ("top_p", float, "keep the likeliest tokens that together have this probability"),
    ("top_k", int, "keep this many of the likeliest tokens"),
    ("num_predict", int, "tokens to answer at most; -1 is no limit"),
    ("num_ctx", int, "tokens of context"),
    ("repeat_penalty", float, "above 1 discourages repetition"),
    ("seed", int, "the same seed gives the same answer"),
)
_LEVELS = ("low", "medium", "high", "max")
# Flags that may stand alone or have a value behind "=", never behind a space: that would eat the prompt.
_ALONE = ("--think", "--truncate")


def add_run_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("model")
    parser.add_argument("words", nargs="*", metavar="prompt", help="the prompt; text piped in is put before it")
    parser.add_argument("--prompt", help="the prompt, as one argument")
    parser.add_argument("--system", help="the system message, instead of the model's own")
    for name, kind, text in SAMPLING:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, type=kind, help=text)
    parser.add_argument("--format", type=_format, help="json, a JSON schema, or a file that holds one")
    parser.add_argument(
        "--think",
        type=_think,
        metavar="true|false|LEVEL",
        help="let the model think first: --think, --think=false, --think=high",
    )
    parser.add_argument("--hidethinking", action="store_true", help="don't show what the model thinks")
    parser.add_argument("--keepalive", type=_keep_alive, help="how long a server keeps the model: 5m, 1h, 0, -1")
    parser.add_argument("--verbose", action="store_true", help="print what each answer took to standard error")
    parser.add_argument("--nowordwrap", action="store_true", help="don't wrap words to the next line")
    parser.add_argument("--insecure", action="store_true", help="pull an absent model over an insecure connection too")
    parser.add_argument("--no-history", action="store_true", help="don't keep the prompts of the chat in a file")
    parser.add_argument(
        "--truncate", type=_boolean, metavar="true|false", help="embedding models: cut a text that is too long"
    )
    parser.add_argument("--dimensions", type=int, help="embedding models: cut the embedding to so many numbers")


def with_values(arguments: list[str]) -> list[str]:
    """``--think`` alone means ``--think=true``, up to the ``--`` behind which everything is prompt."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [f"{word}=true" if word in _ALONE else word for word in arguments[:end]] + arguments[end:]


def one_prompt(words: list[str], prompt: str | None, piped: str) -> str | None:
    """The whole prompt, None for a chat. Text piped in comes first: what follows usually says what to do with it."""
    if words and prompt is not None:
        raise UsageError("give the prompt once: as words, or with --prompt")
    said = prompt if prompt is not None else " ".join(words)
    parts = [part for part in (piped.rstrip("\n"), said) if part.strip()]
    return "\n".join(parts) or None


def sampling_options(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name, _, _ in SAMPLING if options[name] is not None}


def _format(text: str) -> str | dict[str, Any]:
    try:
        return answer_format(text)
    except FormatError as error:
        raise ArgumentTypeError(str(error)) from error


def _think(text: str) -> bool | str:
    if text in _LEVELS:
        return text
    if text not in ("true", "false"):
        raise ArgumentTypeError(f'"{text}" (must be true, false, high, medium, low, or max)')
    return text == "true"


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ArgumentTypeError(f'"{text}" (must be true or false)')
    return text == "true"


def _keep_alive(text: str) -> float:
    """Seconds for ``/api/chat``, negative for ever."""
    from inference.durations import InvalidDuration, parse_keep_alive

    try:
        seconds = parse_keep_alive(text)
    except InvalidDuration as error:
        raise ArgumentTypeError(str(error)) from error
    return -1 if seconds == float("inf") else seconds
