"""The web process' composition root: settings in, everything made here, an application out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from broker.app import make_producer_app
from broker.client import ask_for_drift_check, ask_for_label_report, wake_deliverers, wake_trainers
from broker.rate_counts import RateCounts
from classifier.key_files import takers_keys
from classifier.signing import use_keys
from core.redaction import redactor
from core.sealing import Box
from core.setting_words import known_settings
from core.settings import Settings
from router.suggesting import Looking
from store.delivery.events import Event, Place, decisions_from
from store.engine import make_engine, transaction
from store.queue.backlog import oldest_wait_s
from web.access import admit
from web.announcer import Announcer
from web.api.connections.changes import terms_of as connection_terms
from web.api.connections.routes import connection_routes
from web.api.control.audit import audit_routes
from web.api.control.changes import CHANGES
from web.api.control.gate import Gate, Proposed
from web.api.control.proposals import answer_proposed, proposal_routes
from web.api.departments.routes import department_routes
from web.api.drift.routes import drift_routes
from web.api.feedback.routes import feedback_routes
from web.api.imports.routes import import_routes
from web.api.incidents.routes import incident_routes
from web.api.intake.routes import IntakeParts, intake_routes
from web.api.label_reports.routes import label_report_routes
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
from web.api.webhooks.changes import terms_of as webhook_terms
from web.api.webhooks.life import webhook_life_routes
from web.api.webhooks.log import delivery_routes
from web.api.webhooks.routes import webhook_routes
from web.api.why.routes import why_routes
from web.api.why.suggestions import suggestion_routes
from web.backlog import Backlog
from web.callers import address_of, make_doorman
from web.console.account import account_pages, language_pages
from web.console.admin.audit import audit_pages
from web.console.admin.connections import connection_pages
from web.console.admin.deliveries import delivery_pages
from web.console.admin.erasures import erasure_pages
from web.console.admin.people import people_pages
from web.console.admin.proposals import proposal_pages, verdict_routes
from web.console.admin.rooms import admin_routes
from web.console.admin.settings import setting_pages
from web.console.admin.tokens import token_pages
from web.console.admin.webhooks import webhook_pages
from web.console.backtest.routes import backtest_routes
from web.console.departments.edits import department_edit_pages
from web.console.departments.moves import department_move_pages
from web.console.departments.routes import department_pages
from web.console.health.changes import health_change_routes
from web.console.health.routes import HealthParts, health_page_routes
from web.console.labels.care import label_care_routes
from web.console.labels.edits import label_edit_routes as label_edit_pages
from web.console.labels.goals import label_goal_routes as label_goal_pages
from web.console.labels.moves import label_move_routes as label_move_pages
from web.console.labels.routes import label_routes as label_pages
from web.console.live.incidents import live_incident_routes
from web.console.live.routes import live_routes
from web.console.models.changes import model_change_routes as model_change_pages
from web.console.models.routes import model_routes as model_pages
from web.console.pages import Pages, static_files
from web.console.problems import problem_page
from web.console.review.ahead import review_ahead_routes
from web.console.review.bulk import review_bulk_routes
from web.console.review.bulk_said import review_bulk_said_routes
from web.console.review.routes import review_page_routes
from web.console.review.undo import review_undo_routes
from web.console.rules.history import rule_history_routes
from web.console.rules.routes import rule_page_routes
from web.console.sign_in import sign_in_pages
from web.console.suggestions import suggestion_pages
from web.console.ticket.doors import ticket_change_routes
from web.console.ticket.routes import ticket_page_routes
from web.console.training import training_routes as training_pages
from web.console.trying.routes import trying_routes
from web.errors import add_error_answers
from web.health import health_routes, postgres_check, redis_check
from web.metrics import metrics_routes, read_snapshot
from web.rate_limits import RateLimits
from web.requests import BodyLimit, RequestIds
from web.security import SecurityHeaders
from web.sign_in.doors import coming_in
from web.sign_in.passwords import terms_of

_LAST_WORDS_S = 1


def make_app(settings: Settings) -> FastAPI:
    """The application; connects to nothing before the first request.

    Raises:
        Invalid: a URL is not set.
        Permanent: a route has no entry in `web.access`.
    """
    database_url, redis_url = settings.service_urls()
    use_keys(takers_keys(settings))
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
    looking = Looking(
        most=settings.suggest_feedback,
        support=settings.suggest_support,
        precision=settings.suggest_precision,
    )
    checks = [postgres_check(engine), redis_check(redis_url)]
    stats_limits = StatsLimits(
        longest=timedelta(days=settings.stats_days),
        decisions=settings.stats_tickets,
        audit_share=settings.audit_share,
    )
    limits = RateLimits(RateCounts(redis_url, timeout_s=settings.publish_timeout_s), settings)
    backlog = Backlog(
        lambda: transaction(engine, oldest_wait_s), most_wait_s=settings.intake_max_wait_s
    )
    doorman, terms = make_doorman(engine, settings, limits), terms_of(settings)
    feed = Feed(read, most_listeners=settings.stream_listeners)
    hooks = webhook_terms(settings)

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
            health_routes(checks),
            health_page_routes(
                HealthParts(
                    engine=engine,
                    checks=checks,
                    stats=stats_limits,
                    min_tickets=settings.drift_min_tickets,
                ),
                pages,
            ),
            health_change_routes(
                engine,
                pages,
                announcer.put,
                min_tickets=settings.drift_min_tickets,
                ask=lambda: ask_for_drift_check(producer),
            ),
            metrics_routes(
                lambda: read_snapshot(engine, audit_share=settings.audit_share),
                redis_check(redis_url),
                lambda request: limits.stranger(address_of(request), "metrics"),
            ),
            review_bulk_routes(engine, pages, lease_s=settings.review_lease_s),
            review_bulk_said_routes(engine, pages, service_users=settings.own_users),
            review_ahead_routes(engine, pages, lease_s=settings.review_lease_s),
            review_page_routes(engine, pages, lease_s=settings.review_lease_s),
            review_undo_routes(
                engine,
                pages,
                lease_s=settings.review_lease_s,
                service_users=settings.own_users,
            ),
            live_routes(engine, pages),
            live_incident_routes(engine, pages),
            rule_page_routes(engine, pages, gate),
            rule_history_routes(engine, pages, gate),
            trying_routes(engine, pages),
            backtest_routes(engine, pages, most=settings.backtest_tickets),
            suggestion_pages(engine, pages, looking),
            department_pages(engine, pages),
            department_edit_pages(engine, pages),
            department_move_pages(engine, pages, gate),
            label_move_pages(engine, pages),
            label_goal_pages(engine, pages, gate),
            label_edit_pages(engine, pages, gate),
            label_care_routes(engine, pages, lambda: ask_for_label_report(producer)),
            label_pages(engine, pages),
            model_pages(engine, pages, canary_share=settings.trial_canary_share),
            model_change_pages(pages, gate),
            training_pages(engine, pages, lambda: wake_trainers(producer)),
            ticket_page_routes(engine, pages, fresh_s=settings.explain_fresh_s),
            ticket_change_routes(engine, pages, announcer.put, service_users=settings.own_users),
            ticket_routes(engine, announcer.put, limits, backlog, redactor(settings)),
            import_routes(engine, redactor(settings)),
            incident_routes(engine),
            label_report_routes(engine, lambda: ask_for_label_report(producer)),
            feedback_routes(engine, service_users=settings.own_users),
            review_routes(engine, lease_s=settings.review_lease_s),
            threshold_routes(engine, gate),
            label_routes(engine, gate),
            label_move_routes(engine),
            why_routes(engine, wait_s=settings.explain_wait_s, fresh_s=settings.explain_fresh_s),
            suggestion_routes(engine, looking),
            stream_routes(feed),
            *coming_in(doorman, settings),
            sign_in_pages(doorman, pages, terms, has_provider=settings.oidc_issuer is not None),
            account_pages(doorman, pages, terms),
            language_pages(doorman),
            admin_routes(),
            people_pages(engine, pages),
            token_pages(engine, pages, grace=timedelta(hours=settings.token_grace_hours)),
            webhook_pages(engine, pages, hooks, lambda: wake_deliverers(producer)),
            delivery_pages(engine, pages, lambda: wake_deliverers(producer)),
            audit_pages(engine, pages),
            proposal_pages(engine, pages, gate),
            verdict_routes(pages, gate),
            setting_pages(pages, known_settings(settings)),
            connection_pages(engine, pages, connection_terms(settings)),
            erasure_pages(engine, pages),
            people_routes(engine),
            token_routes(engine, grace=timedelta(hours=settings.token_grace_hours)),
            model_routes(engine),
            model_change_routes(gate, canary_share=settings.trial_canary_share),
            erasure_routes(engine),
            retrain_routes(engine, lambda: wake_trainers(producer)),
            stats_routes(engine, stats_limits),
            drift_routes(
                engine,
                state=settings.state_dir,
                min_tickets=settings.drift_min_tickets,
                ask=lambda: ask_for_drift_check(producer),
            ),
            *rule_routes(engine, gate, most=settings.backtest_tickets),
            *department_routes(engine),
            *connection_routes(engine, connection_terms(settings)),
            intake_routes(
                IntakeParts(
                    engine=engine,
                    box=Box(settings.webhook_key),
                    redact=redactor(settings),
                    announce=announcer.put,
                    most_bytes=settings.intake_body_bytes,
                    tolerance_s=settings.intake_tolerance_s,
                    is_production=settings.production,
                    backlog=backlog,
                    limits=limits,
                )
            ),
            webhook_routes(engine, hooks),
            webhook_life_routes(engine, hooks, lambda: wake_deliverers(producer)),
            delivery_routes(engine, lambda: wake_deliverers(producer)),
            audit_routes(engine),
            proposal_routes(engine, gate),
        ],
        doorman,
    )
    app.mount("/static", static_files())
    return app
