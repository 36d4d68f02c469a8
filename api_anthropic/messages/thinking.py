"""``thinking`` and ``output_config.effort``: whether the model thinks first, for how long, and who gets to see it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from msgspec.structs import replace

from api_anthropic.messages.body import Body, ThinkingParam
from models_app.entries import ServedModel
from models_app.serving.answer_form import AnswerForm, Think
from power_site.http import BadRequest

# Anthropic's efforts under the names of our levels; Ollama takes xhigh for high, too (anthropic/anthropic.go).
_LEVELS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "max"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """``budget`` None: what ``think`` stands for. ``shown``: whether the blocks have the thoughts in them."""

    think: Think = None
    budget: int | None = None
    shown: bool = True

    def of(self, form: AnswerForm) -> AnswerForm:
        if form.thinking is None or self.budget is None:
            return form
        return dataclasses.replace(form, thinking=replace(form.thinking, budget=self.budget))


def wanted_thinking(body: Body, served: ServedModel) -> Thinking:
    """Who doesn't ask for thoughts gets none, as with Anthropic: clients read ``content[0].text``.

    A model that can't think does what it can, as in Ollama: coding agents ask every model to. Raises BadRequest.
    """
    asked = body.thinking or ThinkingParam(type="disabled")
    _check(asked)
    if "thinking" not in served.capabilities:
        return Thinking()
    level = _LEVELS.get(body.output_config.effort or "")
    shown = asked.display != "omitted"
    if asked.type == "enabled":
        return Thinking(think=True, budget=asked.budget_tokens, shown=shown)
    if asked.type == "adaptive" or (level and body.thinking is None):
        return Thinking(think=level or True, shown=shown)
    return Thinking(think=False)


def _check(asked: ThinkingParam) -> None:
    if asked.type == "between_tools":
        raise BadRequest('thinking.type "between_tools" is not supported by this server', field="thinking.type")
    if asked.type == "enabled" and (asked.budget_tokens is None or asked.budget_tokens < 1):
        field = "thinking.budget_tokens"
        raise BadRequest(f"{field} is required and must be positive", field=field)
