"""From a model's name and a prompt to a running generation, for both wires. Everything runs on the loop's thread."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference import LoadOptions, Resident, Stream
from inference.chat.reading import AnswerReader
from inference.durations import InvalidDuration, forever_if_negative, parse_duration
from inference.errors import InvalidConstraint, NotSupported
from inference.events import Event, Finished, Started, TextDelta, ThinkingDelta
from inference.options import ParsedOptions, apply_load_options, parse_options
from inference.request import Constraint, GenerateRequest, Prompt
from models_app import selectors
from models_app.answer_form import TEXT_FORM, AnswerForm, unsuitable_tools
from models_app.coalesce import Coalesced
from models_app.entries import ModelEntry, ServedModel
from models_app.errors import ModelNotFound
from models_app.media import media_check
from models_app.services.delete import model_delete
from power_site import metrics, runtime
from power_site.conf import config
from power_site.http import BadRequest, run_db

# Go's time.Duration counts nanoseconds in 63 bits; what is longer is for ever.
_LONGEST_SECONDS = 2**63 / 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A generation as a wire asks for it. ``top_logprobs`` None: none. ``keep_alive_seconds`` None: the server's.

    ``constraint`` is what the whole answer, or what follows its thoughts, has to be.
    """

    prompt: Prompt
    options: ParsedOptions
    top_logprobs: int | None = None
    truncate: bool = True
    shift: bool = True
    return_context: bool = False
    render_only: bool = False
    keep_alive_seconds: float | None = None
    form: AnswerForm = TEXT_FORM
    constraint: Constraint | None = None


class Generation:
    """One running generation: an async iterator of lists of events, with ``close()`` idempotent and of any thread.

    ``before_seconds`` passed between ``begun_at`` (time.perf_counter) and the prompt, loading the model included.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        model: str,
        begun_at: float,
        resolved_at: float,
        reader: AnswerReader | None = None,
    ) -> None:
        self._stream = stream
        self._model = model
        self._reader = reader
        self._n_generated = 0
        self._counted = False
        self.begun_at = begun_at
        self.started = stream.started
        self.before_seconds = resolved_at - begun_at + stream.load_seconds
        metrics.tokens(model, "input", self.started.n_prompt)

    def __aiter__(self) -> Generation:
        return self

    async def __anext__(self) -> list[Event]:
        """Everything since the last call, at least one event. Raises the InferenceError that ended the generation."""
        events: list[Event] = []
        while not events:
            events = await self._stream.__anext__()
            self._measure(events)
            if self._reader is not None:
                events = self._reader.read(events)
        return events

    def _measure(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, TextDelta | ThinkingDelta):
                if not self._n_generated:
                    metrics.ttft(self._model, time.perf_counter() - self.begun_at)
                self._n_generated += event.n_tokens
            elif isinstance(event, Finished):
                self._n_generated = event.n_generated
                self._count()

    def close(self) -> None:
        self._count()
        self._stream.close()

    def _count(self) -> None:
        if not self._counted:
            self._counted = True
            metrics.tokens(self._model, "output", self._n_generated)


async def _look_up(name: str) -> ServedModel:
    return await run_db(selectors.model_served, name)


_lookups = Coalesced(_look_up)


async def model_resolve(name: str) -> ServedModel:
    """One short query, shared by all who ask at once. Raises InvalidModelName, ModelNotFound."""
    return await _lookups.get(name)


def require_completion(served: ServedModel, *, requested: str, act: str) -> None:
    """``act`` is "chat" or "generate". Raises NotSupported in Ollama's words (server/routes.go)."""
    if "completion" not in served.capabilities:
        raise NotSupported(f'"{requested}" does not support {act}')


def require_capability(served: ServedModel, capability: str) -> None:
    """Raises NotSupported with the full name, as Ollama's scheduler does."""
    if capability not in served.capabilities:
        raise NotSupported(f"{served.name.full} does not support {capability}")


def served_options(
    served: ServedModel, requested: Mapping[str, Any], *, defaults: Mapping[str, Any] | None = None
) -> ParsedOptions:
    """Defaults of the wire < the model's PARAMETERs < the request's. Raises InvalidOption."""
    return parse_options(defaults or {}, served.parameters, requested, n_vocab=served.spec.n_vocab)


def keep_alive_seconds(value: float | str) -> float:
    """Seconds, inf for ever. A string has to be a Go duration: ``"10"`` lacks its unit. Raises BadRequest."""
    try:
        seconds = forever_if_negative(parse_duration(value) if isinstance(value, str) else value)
    except InvalidDuration as error:
        raise BadRequest(str(error), field="keep_alive") from None
    return seconds if seconds < _LONGEST_SECONDS else math.inf


async def generation_start(served: ServedModel, ask: Ask, *, begun_at: float) -> Generation:
    """Waits for the model and for a slot. Raises the InferenceErrors that come before the first token."""
    resolved_at = time.perf_counter()
    media_check(served, ask.prompt)
    request = GenerateRequest(
        prompt=ask.prompt,
        sampling=ask.options.sampling,
        num_predict=ask.options.num_predict,
        num_keep=ask.options.num_keep,
        num_ctx=_num_ctx(served, ask.options),
        stop=ask.options.stop,
        truncate=ask.truncate,
        shift=ask.shift,
        top_logprobs=ask.top_logprobs,
        return_context=ask.return_context,
        render_only=ask.render_only,
        constraint=ask.constraint,
        thinking=ask.form.thinking_before(ask.constraint),
        preserved=ask.form.preserved,
    )
    options = served_load_options(served, ask.options.load)
    try:
        stream = await runtime.pool().generate(served.spec, options, request, keep_alive_seconds=ask.keep_alive_seconds)
    except InvalidConstraint as error:
        raise (error if ask.form.constraint is None else unsuitable_tools(error)) from None
    reader = None if ask.render_only else ask.form.reader(stream.started)
    return Generation(stream, model=served.name.short, begun_at=begun_at, resolved_at=resolved_at, reader=reader)


def _num_ctx(served: ServedModel, options: ParsedOptions) -> int:
    """What the request may use of the context; 0: all of it."""
    asked: int = options.load.get("num_ctx", 0)
    return max(asked, served.spec.least_num_ctx) if asked else 0


def truncation_header(started: Started) -> dict[str, str]:
    """Ollama drops what doesn't fit and says nothing; here the answer says what was dropped, and for which context."""
    dropped = {"messages": started.n_dropped_messages, "tokens": started.n_dropped_tokens}
    parts = [f"{name}={count}" for name, count in dropped.items() if count]
    return {"X-Power-Truncated": ", ".join([*parts, f"num_ctx={started.n_ctx}"])} if parts else {}


async def model_load(served: ServedModel, options: ParsedOptions, *, keep_alive_seconds: float | None) -> float:
    """Seconds it took, 0.0 when it was there."""
    load_options = served_load_options(served, options.load)
    return await runtime.pool().load(served.spec, load_options, keep_alive_seconds=keep_alive_seconds)


def model_unload(served: ServedModel) -> bool:
    return runtime.pool().unload(served.spec.digest)


async def model_remove(name: str) -> None:
    """Deletes the name; a model that has lost its last name is unloaded when its streams have ended.

    Raises InvalidModelName, ModelNotFound.
    """
    entry = await run_db(selectors.model_get, name)
    await run_db(model_delete, name=name)
    if not any(other.digest == entry.digest for other in await run_db(selectors.model_list)):
        runtime.pool().unload(entry.digest)


async def resident_models() -> list[tuple[Resident, ModelEntry | None]]:
    """What is loaded, latest expiry first, with its entry; None for one whose name is gone."""
    residents = runtime.pool().residents()
    return [(resident, await _entry_or_none(resident.name)) for resident in residents]


async def _entry_or_none(name: str) -> ModelEntry | None:
    try:
        return await run_db(selectors.model_get, name)
    except ModelNotFound:
        return None


def served_load_options(served: ServedModel, overrides: Mapping[str, Any]) -> LoadOptions:
    """An option that nobody asked for never makes a loaded model load again (Ollama's needsReload, server/sched.go)."""
    same = (r for r in runtime.pool().residents() if r.spec.digest == served.spec.digest and r.state != "stopping")
    resident = next(same, None)
    if resident is None:
        return apply_load_options(runtime.load_options(config()), overrides, n_ctx_train=served.spec.n_ctx_train)
    asked = {name: value for name, value in overrides.items() if (name, value) != ("num_ctx", resident.n_ctx)}
    return apply_load_options(resident.options, asked, n_ctx_train=served.spec.n_ctx_train)
