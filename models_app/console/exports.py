"""What the clients of other products read from the environment to find their server."""

from __future__ import annotations

from typing import Literal

Shell = Literal["sh", "fish", "powershell"]
SHELLS: tuple[Shell, ...] = ("sh", "fish", "powershell")

_FORMATS: dict[Shell, str] = {
    "sh": "export {name}='{value}'",
    "fish": "set -gx {name} '{value}'",
    "powershell": "$Env:{name} = '{value}'",
}
# These clients insist on a key. Power asks for none, and any does.
_KEY = "power"


def variables(base_url: str, *, speaks_anthropic: bool) -> dict[str, str]:
    """Name and value, by client: Ollama's tools, the OpenAI SDKs, the Anthropic SDK and its coding agent."""
    found = {"OLLAMA_HOST": base_url, "OPENAI_BASE_URL": f"{base_url}/v1", "OPENAI_API_KEY": _KEY}
    if speaks_anthropic:
        # One of its two ways to send a key: with both set its SDK warns, and its agent asks which.
        found |= {"ANTHROPIC_BASE_URL": base_url, "ANTHROPIC_AUTH_TOKEN": _KEY}
    return found


def export_lines(values: dict[str, str], shell: Shell) -> list[str]:
    """A line for each that the shell can evaluate. The values are URLs and words, which need no escaping."""
    return [_FORMATS[shell].format(name=name, value=value) for name, value in values.items()]


def base_url(host: str, port: int) -> str:
    """``host`` as a client has to write it: an IPv6 address in brackets."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
