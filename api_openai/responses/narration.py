"""A generation told as a response's events; the response is stored before its last event says that it is whole.

On the loop's thread, but for ``close``.
"""

from __future__ import annotations

from collections.abc import Mapping

from api_openai.responses import store
from api_openai.responses.envelope import Envelope
from api_openai.responses.output import Event
from api_openai.responses.transcript import Transcript
from api_openai.responses.turn import Turn
from models_app import serving
from models_app.serving import Generation
from power_site.http import ignored_options_header, run_db


async def generation_of(turn: Turn, *, begun_at: float) -> Generation:
    return await serving.generation_start(turn.served, turn.ask, begun_at=begun_at)


def response_headers(turn: Turn, generation: Generation) -> Mapping[str, str]:
    return {**ignored_options_header(turn.ignored), **serving.truncation_header(generation.started)}


async def whole_response(turn: Turn, generation: Generation) -> Envelope:
    """Raises what ended the generation; always closes it."""
    transcript = turn.transcript()
    try:
        transcript.begin()
        async for events in generation:
            transcript.tell(events)
    finally:
        generation.close()
    await _keep(turn, transcript.response)
    return transcript.response


class Narration:
    """A source of lists of events. What fails once the first is out is told, too, and not raised."""

    def __init__(self, turn: Turn, transcript: Transcript, generation: Generation) -> None:
        self._turn = turn
        self._transcript = transcript
        self._begun = False
        self.generation = generation

    async def __anext__(self) -> list[Event]:
        if self._transcript.ended:
            raise StopAsyncIteration
        told: list[Event] = []
        try:
            events = await self.generation.__anext__()
            # Not before: until its first event a stream says that it lives, by comments.
            told = self._beginning() + self._transcript.tell(events)
            if self._transcript.ended:
                await _keep(self._turn, self._transcript.response)
        except StopAsyncIteration:
            raise
        except Exception as error:  # noqa: BLE001 - the wire's table says what of it a client may see
            self.close()
            return [*told[:-1], *self._transcript.fail(error)]
        return told

    def close(self) -> None:
        self.generation.close()

    def _beginning(self) -> list[Event]:
        if self._begun:
            return []
        self._begun = True
        return self._transcript.begin()


async def narration_open(turn: Turn, transcript: Transcript, *, begun_at: float) -> Narration:
    return Narration(turn, transcript, await generation_of(turn, begun_at=begun_at))


async def _keep(turn: Turn, response: Envelope) -> None:
    if turn.body.store:
        await run_db(store.response_create, response=response, input_items=turn.input_items)
