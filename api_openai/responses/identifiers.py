"""Ids of responses and of their items: a prefix that says what it is, and 48 hexadecimal digits."""

from __future__ import annotations

import secrets

PREFIXES = {
    "response": "resp",
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "call": "call",
}


def new_id(kind: str) -> str:
    return f"{PREFIXES[kind]}_{secrets.token_hex(24)}"
