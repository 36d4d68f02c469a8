"""The prompts of a legacy completion: what the model reads, and what an echo shows of it."""

from __future__ import annotations

from typing import Any

from api_openai.body import MAX_PROMPTS
from api_openai.completions.body import MAX_GENERATIONS, CompletionBody
from inference.request import Prompt, TextPrompt, TokenPrompt
from models_app.entries import ServedModel
from models_app.serving.prompts import single_prompt
from models_app.serving.tokens import tokens_detokenize
from power_site.http import BadRequest


def prompts_of(body: CompletionBody, served: ServedModel) -> list[Prompt]:
    """Raises BadRequest."""
    prompts = _read(body.prompt, n_vocab=served.spec.n_vocab)
    if len(prompts) * body.n_candidates > MAX_GENERATIONS:
        most = f"at most {MAX_GENERATIONS} answers in a request"
        raise BadRequest(f"{len(prompts)} prompts with {body.n_candidates} answers each: {most}", field="prompt")
    return [_inserting(prompt, body, served) for prompt in prompts] if body.suffix else [*prompts]


async def echo_of(served: ServedModel, prompt: Prompt) -> str:
    """The prompt as text. Loads the model where it is tokens. Raises InferenceError."""
    if isinstance(prompt, TokenPrompt):
        return await tokens_detokenize(served, prompt.tokens)
    assert isinstance(prompt, TextPrompt), "a suffix has no echo"
    return prompt.text


def _inserting(prompt: TextPrompt | TokenPrompt, body: CompletionBody, served: ServedModel) -> Prompt:
    if isinstance(prompt, TokenPrompt):
        raise BadRequest("suffix needs a prompt of text", field="suffix")
    if "insert" not in served.capabilities:
        raise BadRequest(f'"{body.model}" does not support insert', field="suffix")
    return single_prompt(served, prompt.text, system="", context=None, suffix=body.suffix)


def _read(prompt: Any, *, n_vocab: int) -> list[TextPrompt | TokenPrompt]:
    if isinstance(prompt, str):
        return [TextPrompt(text=prompt)]
    if not isinstance(prompt, list):
        raise _invalid()
    if prompt and _is_token(prompt[0]):
        return [_tokens(prompt, n_vocab)]
    if not 0 < len(prompt) <= MAX_PROMPTS:
        raise BadRequest(f"prompt must have between 1 and {MAX_PROMPTS} entries", field="prompt")
    return [TextPrompt(text=one) if isinstance(one, str) else _tokens(one, n_vocab) for one in prompt]


def _tokens(prompt: Any, n_vocab: int) -> TokenPrompt:
    if not isinstance(prompt, list) or not prompt or not all(map(_is_token, prompt)):
        raise _invalid()
    if min(prompt) < 0 or 0 < n_vocab <= max(prompt):
        raise BadRequest("prompt must be made of tokens of this model", field="prompt")
    return TokenPrompt(tokens=tuple(prompt))


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _invalid() -> BadRequest:
    return BadRequest("prompt must be a string, strings, tokens or lists of tokens", field="prompt")
