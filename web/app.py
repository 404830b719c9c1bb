"""The web process' composition root: settings in, everything made here, an application out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from broker.app import make_producer_app
from broker.client import ask_for_drift_check, wake_trainers
from broker.rate_counts import RateCounts
from core.redaction import redactor
from core.settings import Settings
from router.suggesting import Looking
from store.engine import make_engine, transaction
from store.events import Event, Place, decisions_from
from web.access import admit
from web.announcer import Announcer
from web.api.control.audit import audit_routes
from web.api.control.changes import CHANGES
from web.api.control.gate import Gate, Proposed
from web.api.control.proposals import answer_proposed, proposal_routes
from web.api.departments.routes import department_routes
from web.api.drift.routes import drift_routes
from web.api.feedback.routes import feedback_routes
from web.api.labels.moves import label_move_routes
from web.api.labels.routes import label_routes
from web.api.models.change_routes import model_change_routes
from web.api.models.routes import model_routes
from web.api.people.routes import people_routes
from web.api.privacy.routes import erasure_routes
from web.api.retrain.routes import retrain_routes
from web.api.review.routes import review_routes
from web.api.rules.routes import rule_routes
from web.api.stats.routes import StatsLimits, stats_routes
from web.api.stream.feed import AT_ONCE, Feed
from web.api.stream.routes import stream_routes
from web.api.thresholds.routes import threshold_routes
from web.api.tickets.routes import ticket_routes
from web.api.tokens.routes import token_routes
from web.api.why.routes import why_routes
from web.api.why.suggestions import suggestion_routes
from web.callers import make_doorman
from web.console.labels import label_routes as label_pages
from web.console.labels_edits import label_edit_routes as label_edit_pages
from web.console.labels_goals import label_goal_routes as label_goal_pages
from web.console.labels_moves import label_move_routes as label_move_pages
from web.console.live import live_routes
from web.console.models import model_routes as model_pages
from web.console.models_changes import model_change_routes as model_change_pages
from web.console.pages import Pages, static_files
from web.console.problems import problem_page
from web.console.review import review_page_routes
from web.console.review_undo import review_undo_routes
from web.console.ticket import ticket_page_routes
from web.console.ticket_doors import ticket_change_routes
from web.console.training import training_routes as training_pages
from web.errors import add_error_answers
from web.health import health_routes, postgres_check, redis_check
from web.metrics import metrics_routes, read_snapshot
from web.rate_limits import RateLimits
from web.requests import BodyLimit, RequestIds
from web.security import SecurityHeaders
from web.sign_in.doors import coming_in

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

    producer = make_producer_app(redis_url, publish_timeout_s=settings.publish_timeout_s)
    announcer = Announcer(producer, per_message=settings.message_tickets)

    def read(place: Place) -> list[Event]:
        return transaction(engine, lambda c: decisions_from(c, place, most=AT_ONCE))

    pages = Pages()
    gate = Gate(engine, settings.controlled_areas, CHANGES)
    limits = RateLimits(RateCounts(redis_url, timeout_s=settings.publish_timeout_s), settings)
    doorman = make_doorman(engine, settings, limits)
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
    add_error_answers(app, partial(problem_page, pages))
    app.add_exception_handler(Proposed, answer_proposed)
    admit(
        app,
        [
            health_routes([postgres_check(engine), redis_check(redis_url)]),
            metrics_routes(lambda: read_snapshot(engine, audit_share=settings.audit_share)),
            review_page_routes(engine, pages, lease_s=settings.review_lease_s),
            review_undo_routes(
                engine,
                pages,
                lease_s=settings.review_lease_s,
                service_users=settings.own_users,
            ),
            live_routes(engine, pages, stats_tickets=settings.stats_tickets),
            label_move_pages(engine, pages),
            label_goal_pages(engine, pages, gate),
            label_edit_pages(engine, pages, gate),
            label_pages(engine, pages, most=settings.stats_tickets),
            model_pages(engine, pages, canary_share=settings.trial_canary_share),
            model_change_pages(pages, gate),
            training_pages(engine, pages, lambda: wake_trainers(producer)),
            ticket_page_routes(engine, pages, fresh_s=settings.explain_fresh_s),
            ticket_change_routes(engine, pages, announcer.put, service_users=settings.own_users),
            ticket_routes(engine, announcer.put, limits, redactor(settings)),
            feedback_routes(engine, service_users=settings.own_users),
            review_routes(engine, lease_s=settings.review_lease_s),
            threshold_routes(engine, gate),
            label_routes(engine, gate),
            label_move_routes(engine),
            why_routes(engine, wait_s=settings.explain_wait_s, fresh_s=settings.explain_fresh_s),
            suggestion_routes(
                engine,
                Looking(
                    most=settings.suggest_feedback,
                    support=settings.suggest_support,
                    precision=settings.suggest_precision,
                ),
            ),
            stream_routes(feed),
            *coming_in(doorman, settings),
            people_routes(engine),
            token_routes(engine, grace=timedelta(hours=settings.token_grace_hours)),
            model_routes(engine),
            model_change_routes(gate, canary_share=settings.trial_canary_share),
            erasure_routes(engine),
            retrain_routes(engine, lambda: wake_trainers(producer)),
            stats_routes(
                engine,
                StatsLimits(
                    longest=timedelta(days=settings.stats_days),
                    decisions=settings.stats_tickets,
                    audit_share=settings.audit_share,
                ),
            ),
            drift_routes(
                engine,
                state=settings.state_dir,
                min_tickets=settings.drift_min_tickets,
                ask=lambda: ask_for_drift_check(producer),
            ),
            *rule_routes(engine, gate, most=settings.backtest_tickets),
            *department_routes(engine),
            audit_routes(engine),
            proposal_routes(engine, gate),
        ],
        doorman,
    )
    app.mount("/static", static_files())
    return app
