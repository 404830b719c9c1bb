"""The web process' composition root: settings in, everything made here, an application out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from core.settings import Settings
from store.engine import make_engine
from web.console import console_routes, static_files
from web.errors import add_error_answers
from web.health import health_routes, postgres_check, redis_check
from web.metrics import metrics_routes, read_snapshot
from web.security import SecurityHeaders


def make_app(settings: Settings) -> FastAPI:
    """The application; connects to nothing before the first request.

    Raises:
        Invalid: a URL is not set.
    """
    database_url, redis_url = settings.service_urls()
    engine = make_engine(
        database_url,
        pool_size=settings.database_pool,
        statement_timeout_s=settings.statement_timeout_s,
    )

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(title="Pointsman", lifespan=life, docs_url=None, redoc_url=None)
    app.add_middleware(SecurityHeaders)
    add_error_answers(app)
    app.include_router(health_routes([postgres_check(engine), redis_check(redis_url)]))
    app.include_router(
        metrics_routes(lambda: read_snapshot(engine, audit_share=settings.audit_share))
    )
    app.include_router(console_routes(engine))
    app.mount("/static", static_files())
    return app
