"""What people do with webhooks; the console and the command line do the same through these."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from core.addresses import Reach, check_url
from core.sealing import Box
from core.settings import Settings
from store.delivery import delivery_log, webhook_endpoints
from store.delivery.webhook_endpoints import WEBHOOK, Endpoint, EndpointState, Wanted
from web.api.webhooks.schemas import (
    NewWebhook,
    Period,
    WebhookChange,
    WebhookWithSecret,
    shape_of,
    shape_with_secret,
)
from web.etags import must_match
from web.problems import Problem

BY_HAND = "by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Where webhooks may go, what seals their secrets, and how long an old one signs too."""

    reach: Reach
    box: Box
    grace: timedelta


def terms_of(settings: Settings) -> Terms:
    """As the settings want it.

    Raises:
        Invalid: a setting is wrong.
    """
    return Terms(
        reach=settings.webhook_reach,
        box=Box(settings.webhook_key),
        grace=timedelta(hours=settings.webhook_grace_hours),
    )


def known_webhook(connection: Connection, id_: int) -> Endpoint:
    """One endpoint, locked against changes until the transaction ends.

    Raises:
        Problem: there is none.
    """
    found = webhook_endpoints.endpoint(connection, id_)
    if found is None:
        raise Problem("not-found", f"There is no webhook {id_}.")
    return found


def add_webhook(
    connection: Connection, body: NewWebhook, terms: Terms, *, by: str
) -> WebhookWithSecret:
    """An endpoint that gets what happens from now on, with the one look at its secret.

    Raises:
        Invalid: the URL leads where none may go, or there are too many.
    """
    wanted = Wanted(
        target=check_url(body.url, terms.reach),
        events=tuple(dict.fromkeys(body.events)),
        description=body.description,
        concurrency=body.concurrency,
    )
    made = webhook_endpoints.add(connection, wanted, terms.box, by=by)
    return shape_with_secret(made.endpoint, made.secret or "")


def change_webhook(
    connection: Connection,
    id_: int,
    body: WebhookChange,
    if_match: str | None,
    terms: Terms,
    by: str,
) -> Endpoint:
    """An endpoint with another URL, other events, words or concurrency.

    Raises:
        Problem: there is none, it is a helpdesk's, or the change was made on another version.
        Invalid: the URL leads where none may go.
    """
    found = _webhook_of_its_own(connection, id_)
    yours = body.model_dump(mode="json", exclude_none=True)
    current = shape_of(found).model_dump(mode="json")
    must_match(if_match, found.version, current=current, yours=yours)
    wanted = Wanted(
        target=found.target if body.url is None else check_url(body.url, terms.reach),
        events=found.events if body.events is None else tuple(dict.fromkeys(body.events)),
        description=found.description if body.description is None else body.description,
        concurrency=body.concurrency or found.concurrency,
    )
    return webhook_endpoints.change(connection, found, wanted, by=by)


def rotate_webhook(connection: Connection, id_: int, terms: Terms, *, by: str) -> WebhookWithSecret:
    """A new secret, shown this once; for some time requests carry both signatures.

    Raises:
        Problem: there is no such webhook, or it is a helpdesk's.
    """
    found = _webhook_of_its_own(connection, id_)
    made = webhook_endpoints.rotate(connection, found, terms.box, grace=terms.grace, by=by)
    return shape_with_secret(made.endpoint, made.secret or "")


def pause_webhook(connection: Connection, id_: int, *, by: str) -> Endpoint:
    """Nothing is sent, and what happens waits.

    Raises:
        Problem: there is none, or it is not active.
    """
    found = known_webhook(connection, id_)
    if found.state is not EndpointState.ACTIVE:
        raise Problem("conflict", f"Webhook {id_} is {found.state} already.")
    return webhook_endpoints.stop(connection, found, EndpointState.PAUSED, BY_HAND, by=by)


def resume_webhook(connection: Connection, id_: int, *, by: str) -> Endpoint:
    """It goes on at once, its breaker closed; what waits is delivered.

    Raises:
        Problem: there is none.
    """
    return webhook_endpoints.resume(connection, known_webhook(connection, id_), by=by)


def delete_webhook(connection: Connection, id_: int, *, by: str) -> None:
    """It gets nothing any more, not even what waits.

    Raises:
        Problem: there is none, or it is a helpdesk's.
    """
    webhook_endpoints.delete(connection, _webhook_of_its_own(connection, id_), by=by)


def try_webhook(connection: Connection, id_: int, *, by: str) -> int:
    """Sends an event `webhook.test` there alone; gives the number of its delivery.

    Raises:
        Problem: there is none, or it is a helpdesk's, or not active.
    """
    found = _webhook_of_its_own(connection, id_)
    if found.state is not EndpointState.ACTIVE:
        raise Problem("conflict", f"Webhook {id_} is {found.state}.", fix="resume it first")
    return delivery_log.send_test(connection, found, by=by)


def replay_delivery(connection: Connection, id_: int, delivery: int, *, by: str) -> None:
    """Delivers one event again, under the same id.

    Raises:
        Problem: there is no such delivery, it is under way, or its event was dropped.
    """
    found = known_webhook(connection, id_)
    if delivery_log.find(connection, id_, delivery) is None:
        raise unknown_delivery(id_, delivery)
    if not delivery_log.replay(connection, found, delivery, by=by):
        detail = f"Delivery {delivery} is under way, or its event was dropped by retention."
        raise Problem("conflict", detail)


def replay_given_up(connection: Connection, id_: int, period: Period, *, by: str) -> int:
    """Delivers those again that were given up; gives how many, 5,000 at most.

    Raises:
        Problem: there is no such webhook.
    """
    found, until = known_webhook(connection, id_), period.until or datetime.now(UTC)
    return delivery_log.replay_dead(connection, found, since=period.since, until=until, by=by)


def unknown_delivery(id_: int, delivery: int) -> Problem:
    """The problem of a delivery that is not there."""
    return Problem("not-found", f"Webhook {id_} has no delivery {delivery}.")


def _webhook_of_its_own(connection: Connection, id_: int) -> Endpoint:
    found = known_webhook(connection, id_)
    if found.kind != WEBHOOK:
        detail = f"Endpoint {id_} belongs to the connection {found.target}."
        raise Problem("conflict", detail, fix="change it at `/v1/connections`")
    return found
