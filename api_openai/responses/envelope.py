"""The response object: what was asked, said back, around an output that grows."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from api_openai.responses.body import ResponseBody, TextFormat
from api_openai.responses.tools import untaken_offers
from inference import errors
from inference.events import Finished
from inference.options import ParsedOptions

Envelope = dict[str, Any]


def new_envelope(body: ResponseBody, options: ParsedOptions, *, response_id: str) -> Envelope:
    """``options`` are those that hold: the model's own where the request has none."""
    reasoning, untaken = body.reasoning, untaken_offers(body.tools)
    return {
        "id": response_id,
        "object": "response",
        "created_at": int(time.time()),
        "completed_at": None,
        "status": "queued" if body.background else "in_progress",
        "background": body.background,
        "error": None,
        "incomplete_details": None,
        "instructions": body.instructions,
        "max_output_tokens": body.max_output_tokens,
        "max_tool_calls": body.max_tool_calls,
        "model": body.model,
        "output": [],
        "parallel_tool_calls": body.parallel_tool_calls,
        "previous_response_id": body.previous_response_id,
        "prompt_cache_key": body.prompt_cache_key,
        "reasoning": {
            "effort": reasoning.effort if reasoning else None,
            "summary": (reasoning.summary or reasoning.generate_summary) if reasoning else None,
        },
        "safety_identifier": body.safety_identifier,
        "service_tier": "default",
        "store": body.store,
        "temperature": options.sampling.temperature,
        "top_p": options.sampling.top_p,
        "presence_penalty": options.sampling.presence_penalty,
        "frequency_penalty": options.sampling.frequency_penalty,
        "text": {"format": _format(body.text.format), "verbosity": body.text.verbosity or "medium"},
        "tool_choice": body.tool_choice,
        "tools": [_tool(tool) for index, tool in enumerate(body.tools) if index not in untaken],
        "top_logprobs": body.top_logprobs or 0,
        "truncation": body.truncation,
        "usage": None,
        "user": body.user,
        "metadata": body.metadata,
    }


def usage(finished: Finished, *, n_thinking: int) -> dict[str, Any]:
    return {
        "input_tokens": finished.n_prompt,
        # Nobody pays for what is written to the cache.
        "input_tokens_details": {"cached_tokens": finished.n_cached, "cache_write_tokens": 0},
        "output_tokens": finished.n_generated,
        "output_tokens_details": {"reasoning_tokens": min(n_thinking, finished.n_generated)},
        "total_tokens": finished.n_prompt + finished.n_generated,
    }


def failure(error: Exception, message: str) -> dict[str, Any]:
    """``error`` of a response that failed. The codes are the SDK's, and one that it lacks: by it agents know that they
    have to shorten the talk."""
    code = "server_error"
    if isinstance(error, errors.PromptTooLong):
        code = "context_length_exceeded"
    elif isinstance(error, errors.InvalidRequest):
        code = "invalid_prompt"
    elif isinstance(error, errors.ServerBusy):
        code = "rate_limit_exceeded"
    return {"code": code, "message": message}


def _format(wanted: TextFormat | None) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(wanted or TextFormat())
    return {name: value for name, value in shown.items() if value is not None}


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    """As it was sent; what the SDK requires is there."""
    if tool["type"] != "function":
        return tool
    return {"description": None, "parameters": None, "strict": None, **tool}
