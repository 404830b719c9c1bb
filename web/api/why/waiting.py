"""An explanation that a worker makes, waited for without holding a thread."""

import asyncio
import time

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from store.decided.explanations import Explanation, ExplanationState, Subject, ask, read
from store.engine import transaction

_LOOK_S = 0.1


async def asked(engine: Engine, subject: Subject, *, fresh_s: float, wait_s: float) -> Explanation:
    """Asks for an explanation and gives what stands once it is there, or after `wait_s` seconds."""
    until = time.monotonic() + wait_s
    found = await run_in_threadpool(transaction, engine, lambda c: ask(c, subject, fresh_s=fresh_s))
    while _is_awaited(found) and time.monotonic() < until:
        await asyncio.sleep(_LOOK_S)
        newer = await run_in_threadpool(transaction, engine, lambda c: read(c, subject))
        if newer is None:  # its text is gone
            break
        found = newer
    return found


def _is_awaited(found: Explanation) -> bool:
    return found.result is None and found.state is ExplanationState.ASKED
