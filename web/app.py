"""The web process' composition root: settings in, everything made here, an application out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from broker.app import make_producer_app
from core.settings import Settings
from store.engine import make_engine, transaction
from store.events import Event, Place, decisions_from
from web.access import admit
from web.announcer import Announcer
from web.api.stream.feed import AT_ONCE, Feed
from web.api.stream.routes import stream_routes
from web.api.tickets.routes import ticket_routes
from web.console import console_routes, static_files
from web.errors import add_error_answers
from web.health import health_routes, postgres_check, redis_check
from web.metrics import metrics_routes, read_snapshot
from web.requests import BodyLimit, RequestIds
from web.security import SecurityHeaders

_LAST_WORDS_S = 1


def make_app(settings: Settings) -> FastAPI:
    """The application; connects to nothing before the first request.

    Raises:
        Invalid: a URL is not set.
        Permanent: a route has no entry in `web.access`.
    """
    database_url, redis_url = settings.service_urls()
    engine = make_engine(
        database_url,
        pool_size=settings.database_pool,
        statement_timeout_s=settings.statement_timeout_s,
    )

    announcer = Announcer(
        make_producer_app(redis_url, publish_timeout_s=settings.publish_timeout_s),
        per_message=settings.message_tickets,
    )

    def read(place: Place) -> list[Event]:
        return transaction(engine, lambda c: decisions_from(c, place, most=AT_ONCE))

    feed = Feed(read, most_listeners=settings.stream_listeners)

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        announcer.start()
        reading = asyncio.create_task(feed.run())
        yield
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        announcer.stop(_LAST_WORDS_S)
        engine.dispose()

    app = FastAPI(title="Pointsman", lifespan=life, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit, most=settings.http_body_bytes)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestIds)
    add_error_answers(app)
    admit(
        app,
        [
            health_routes([postgres_check(engine), redis_check(redis_url)]),
            metrics_routes(lambda: read_snapshot(engine, audit_share=settings.audit_share)),
            console_routes(engine),
            ticket_routes(engine, announcer.put),
            stream_routes(feed),
        ],
        engine,
    )
    app.mount("/static", static_files())
    return app
