"""`/v1/stream`: decisions as they are made, as server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from starlette.responses import StreamingResponse

from store.delivery.events import Event, Place, late_start
from web.api.stream.feed import AT_ONCE, Feed, Listener
from web.problems import Problem, documented

_HEARTBEAT_S = 15.0
_LONGEST_S = 900.0
"""After which a stream ends, so that a revoked token hears no more; clients come again."""
_EXAMPLE = """\
id: 0198c0de-1f2e-7a3b-8c4d-5e6f70819203
event: ticket.routed
data: {"ticket_id": "0198c0de-0000-7000-8000-000000000000", "primary_department": "orders"}

"""
_ANSWER = {
    "description": "Events until either side ends the stream.",
    "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
}
_LastId = Annotated[
    UUID | None, Header(description="The last event heard: what came since is told first.")
]


def stream_routes(feed: Feed) -> APIRouter:
    """The one route."""
    routes = APIRouter(prefix="/v1/stream", tags=["tickets"])
    refusals = documented("unauthenticated", "forbidden", "invalid", "unavailable")

    @routes.get(
        "",
        response_class=StreamingResponse,
        responses={200: _ANSWER, **refusals},
        summary="Listen to decisions",
    )
    async def stream(last_event_id: _LastId = None) -> StreamingResponse:
        """Each event at least once, with an `id` by which to know it again."""
        if feed.is_full:
            raise Problem("unavailable", "Too many listen already.", headers={"retry-after": "10"})
        return StreamingResponse(
            told(feed, last_event_id),
            media_type="text/event-stream",
            headers={"cache-control": "no-store"},
        )

    return routes


async def told(feed: Feed, last: UUID | None) -> AsyncIterator[str]:
    """What a stream says: the past since the last event heard, then what happens.

    It ends when the listener fell behind: it comes again and hears the rest from the past.
    """
    end = time.monotonic() + _LONGEST_S
    with feed.listening() as listener:
        yield ": listening\n\n"
        place = None if last is None else Place(start=late_start(last))
        is_past = place is not None
        while place is not None and is_past:
            found = await feed.read(place)
            for event in found:
                yield line(event)
            place = place.behind(found)
            is_past = len(found) == AT_ONCE
        heard = frozenset() if place is None else place.seen
        while time.monotonic() < end and not listener.is_behind:
            fresh = await _next(listener)
            if fresh is None:
                yield ": still here\n\n"
            elif fresh.id not in heard:
                yield line(fresh)


def line(event: Event) -> str:
    """An event as the HTML standard writes it (section 9.2)."""
    data = json.dumps(event.payload)
    return f"id: {event.id}\nevent: {event.event}\ndata: {data}\n\n"


async def _next(listener: Listener) -> Event | None:
    try:
        return await asyncio.wait_for(listener.events.get(), _HEARTBEAT_S)
    except TimeoutError:
        return None
