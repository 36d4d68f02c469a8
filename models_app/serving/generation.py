"""A generation from what a wire asks for to its end. On the loop's thread, but for ``close``."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from inference import Stream
from inference.chat.reading import AnswerReader
from inference.errors import InvalidConstraint
from inference.events import Event, Finished, Started, TextDelta, ThinkingDelta
from inference.options import ParsedOptions
from inference.request import Constraint, GenerateRequest, Prompt
from models_app.entries import ServedModel
from models_app.serving.account import NOBODY, Account
from models_app.serving.answer_form import TEXT_FORM, AnswerForm
from models_app.serving.media import media_check
from models_app.serving.residency import served_load_options
from power_site import metrics, runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A generation as a wire asks for it. ``top_logprobs`` and ``prompt_logprobs`` None: none. ``keep_alive_seconds``
    None: the server's.

    ``constraint`` is what the whole answer, or what follows its thoughts, has to be. Answers of one ``group`` share a
    prefill even where they have seeds. ``user`` and ``metadata`` are what the client says of who asks and why: for the
    accounts, not for the model.
    """

    prompt: Prompt
    options: ParsedOptions
    top_logprobs: int | None = None
    prompt_logprobs: int | None = None
    truncate: bool = True
    shift: bool = True
    return_context: bool = False
    render_only: bool = False
    keep_alive_seconds: float | None = None
    form: AnswerForm = TEXT_FORM
    constraint: Constraint | None = None
    group: str = ""
    user: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


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
        account: Account = NOBODY,
    ) -> None:
        self._stream = stream
        self._model = model
        self._reader = reader
        self._account = account
        self._n_generated = 0
        self._counted = False
        self.silent_seconds = math.inf
        self.begun_at = begun_at
        self.started = stream.started
        self.before_seconds = resolved_at - begun_at + stream.load_seconds
        metrics.tokens(model, "input", self.started.n_prompt)

    def __aiter__(self) -> Generation:
        return self

    async def __anext__(self) -> list[Event]:
        """Everything since the last call, at least one event. Raises the InferenceError that ended the generation.

        A long call is held back until it is whole: after ``silent_seconds`` of that the list is empty.
        """
        events: list[Event] = []
        asked_at = time.monotonic()
        while not events:
            events = await self._stream.__anext__()
            self._measure(events)
            if self._reader is not None:
                events = self._reader.read(events)
                if not events and time.monotonic() - asked_at >= self.silent_seconds:
                    break
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
            self._account.note(self._model, self.started, n_generated=self._n_generated)


async def generation_start(served: ServedModel, ask: Ask, *, begun_at: float) -> Generation:
    """Waits for the model and for a slot. Raises the InferenceErrors that come before the first token."""
    resolved_at = time.perf_counter()
    media_check(served, ask.prompt)
    constraint = ask.form.held_to(ask.constraint)
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
        prompt_logprobs=ask.prompt_logprobs,
        return_context=ask.return_context,
        render_only=ask.render_only,
        constraint=constraint,
        lazy_constraint=ask.form.lazy,
        thinking=ask.form.thinking_before(constraint),
        preserved=ask.form.preserved,
        group=ask.group,
    )
    options = served_load_options(served, ask.options.load)
    try:
        stream = await runtime.pool().generate(served.spec, options, request, keep_alive_seconds=ask.keep_alive_seconds)
    except InvalidConstraint as error:
        raise ask.form.unsuitable(error, constraint) from None
    reader = None if ask.render_only else ask.form.reader(stream.started)
    return Generation(
        stream,
        model=served.name.short,
        begun_at=begun_at,
        resolved_at=resolved_at,
        reader=reader,
        account=Account(user=ask.user, metadata=ask.metadata),
    )


def truncation_header(started: Started) -> dict[str, str]:
    """Ollama drops what doesn't fit and says nothing; here the answer says what was dropped, and for which context."""
    dropped = {"messages": started.n_dropped_messages, "tokens": started.n_dropped_tokens}
    parts = [f"{name}={count}" for name, count in dropped.items() if count]
    return {"X-Power-Truncated": ", ".join([*parts, f"num_ctx={started.n_ctx}"])} if parts else {}


def _num_ctx(served: ServedModel, options: ParsedOptions) -> int:
    """What the request may use of the context; 0: all of it."""
    asked: int = options.load.get("num_ctx", 0)
    return max(asked, served.spec.least_num_ctx) if asked else 0
