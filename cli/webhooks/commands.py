"""`pointsman webhooks`: list, add, rotate, pause, resume, test, deliveries, replay."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson
from cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from store.delivery.webhook_endpoints import Endpoint, Made

app = typer.Typer(no_args_is_help=True, help="Where events go, and what became of each.")

Id = Annotated[int, typer.Argument(metavar="ID", min=1, help="As `webhooks list` tells it.")]


@app.command("list", epilog="Example: pointsman webhooks list")
def list_(as_json: AsJson = False) -> None:
    """List every endpoint with how it fares."""
    from datetime import UTC, datetime

    from cli.running.services import connected
    from cli.webhooks.lines import endpoint_line, endpoint_object
    from store.delivery import webhook_endpoints
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, webhook_endpoints.page)
    for each in found:
        output.say(endpoint_line(each, now=datetime.now(UTC)))
    output.result({"webhooks": [endpoint_object(each) for each in found]})


@app.command(
    "add", epilog="Example: pointsman webhooks add https://hooks.example.com/ --event ticket.routed"
)
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="https, of a public address.")],
    event: Annotated[list[str], typer.Option(help="That it gets; may be repeated.")],
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    concurrency: Annotated[int, typer.Option(min=1, max=4, help="Requests at a time.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Make a webhook. Its secret is shown now and never again."""
    import getpass

    from cli.running.services import connected
    from cli.webhooks.checks import known_events
    from core.addresses import check_url
    from core.sealing import Box
    from core.text import clean_text
    from store.delivery import webhook_endpoints
    from store.engine import transaction

    events, words = known_events(event), clean_text(description).text
    with connected() as here:
        wanted = webhook_endpoints.Wanted(
            target=check_url(url, here.settings.webhook_reach),
            events=events,
            description=words,
            concurrency=concurrency,
        )
        box, by = Box(here.settings.webhook_key), getpass.getuser()
        made = transaction(here.engine, lambda c: webhook_endpoints.add(c, wanted, box, by=by))
    _tell_secret(made, as_json=as_json)


@app.command("rotate", epilog="Example: pointsman webhooks rotate 3")
def rotate(id_: Id, as_json: AsJson = False) -> None:
    """Give a webhook a new secret; both sign for POINTSMAN_WEBHOOK_GRACE_HOURS."""
    import getpass
    from datetime import timedelta

    from cli.running.services import connected
    from cli.webhooks.checks import known
    from core.sealing import Box
    from store.delivery import webhook_endpoints
    from store.engine import transaction

    with connected() as here:
        grace = timedelta(hours=here.settings.webhook_grace_hours)
        box, by = Box(here.settings.webhook_key), getpass.getuser()
        made = transaction(
            here.engine,
            lambda c: webhook_endpoints.rotate(c, known(c, id_), box, grace=grace, by=by),
        )
    _tell_secret(made, as_json=as_json)


@app.command("pause", epilog="Example: pointsman webhooks pause 3")
def pause(id_: Id, as_json: AsJson = False) -> None:
    """Send nothing for now; what happens meanwhile waits."""
    from store.delivery import webhook_endpoints
    from store.delivery.webhook_endpoints import EndpointState

    def work(connection: "Connection", one: "Endpoint", by: str) -> "Endpoint":
        return webhook_endpoints.stop(connection, one, EndpointState.PAUSED, "by hand", by=by)

    _change(id_, work, as_json=as_json)


@app.command("resume", epilog="Example: pointsman webhooks resume 3")
def resume(id_: Id, as_json: AsJson = False) -> None:
    """Go on sending at once, also to one that was disabled or left alone after failures."""
    from store.delivery import webhook_endpoints

    def work(connection: "Connection", one: "Endpoint", by: str) -> "Endpoint":
        return webhook_endpoints.resume(connection, one, by=by)

    _change(id_, work, as_json=as_json)


@app.command("test", epilog="Example: pointsman webhooks test 3")
def test(id_: Id, as_json: AsJson = False) -> None:
    """Send an event `webhook.test` to this endpoint alone."""
    import getpass

    from cli.running.services import connected
    from cli.webhooks.checks import known
    from store.delivery import delivery_log
    from store.engine import transaction

    output, by = Output(as_json=as_json), getpass.getuser()
    with connected() as here:
        delivery = transaction(
            here.engine, lambda c: delivery_log.send_test(c, known(c, id_), by=by)
        )
    output.say(f"Delivery {delivery} is on its way; `pointsman webhooks deliveries {id_}` tells.")
    output.result({"delivery": delivery})


@app.command("deliveries", epilog="Example: pointsman webhooks deliveries 3 --state dead")
def deliveries(
    id_: Id,
    state: Annotated[
        str | None, typer.Option(help="waiting, sending, delivered or dead alone.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List what was sent to an endpoint with the last attempt of each, newest first."""
    from cli.running.services import connected
    from cli.webhooks.checks import known, known_state
    from cli.webhooks.lines import delivery_line, delivery_object
    from store.delivery import delivery_log
    from store.engine import transaction

    output, wanted = Output(as_json=as_json), delivery_log.LogFilter(state=known_state(state))

    def read(connection: "Connection") -> list[delivery_log.Logged]:
        one = known(connection, id_)
        return delivery_log.page(connection, one.id, wanted, before=None, most=limit)

    with connected() as here:
        found = transaction(here.engine, read)
    for each in found:
        output.say(delivery_line(each))
    output.result({"deliveries": [delivery_object(each) for each in found]})


@app.command("replay", epilog="Example: pointsman webhooks replay 3 --since 2026-03-01T00:00:00Z")
def replay(
    id_: Id,
    delivery: Annotated[
        int | None, typer.Argument(metavar="DELIVERY", min=1, help="One; all dead if absent.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="The dead of events from then on; all if absent.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Deliver one event again, or everything that was given up, under the same ids."""
    import getpass

    from cli.running.services import connected
    from cli.webhooks.checks import known, moment
    from cli.webhooks.replaying import replay_all, replay_one
    from store.engine import transaction

    output, by, start = Output(as_json=as_json), getpass.getuser(), moment(since)
    with connected() as here:
        one = transaction(here.engine, lambda c: known(c, id_))
        if delivery is not None:
            replay_one(here.engine, one, delivery, by=by)
        again = 1 if delivery else replay_all(here.engine, one, since=start, by=by)
    output.say(f"{again} on the way again.")
    output.result({"deliveries": again})


def _change(
    id_: int, work: "Callable[[Connection, Endpoint, str], Endpoint]", *, as_json: bool
) -> None:
    """Does something to an endpoint and tells how it stands."""
    import getpass
    from datetime import UTC, datetime

    from cli.running.services import connected
    from cli.webhooks.checks import known
    from cli.webhooks.lines import endpoint_line, endpoint_object
    from store.engine import transaction

    output, by = Output(as_json=as_json), getpass.getuser()
    with connected() as here:
        changed = transaction(here.engine, lambda c: work(c, known(c, id_), by))
    output.say(endpoint_line(changed, now=datetime.now(UTC)))
    output.result(endpoint_object(changed))


def _tell_secret(made: "Made", *, as_json: bool) -> None:
    from cli.webhooks.lines import endpoint_object

    output = Output(as_json=as_json)
    if not as_json:
        output.say(made.secret or "")
        output.say(f"Keep it now: it is shown this once. The webhook's id is {made.endpoint.id}.")
    output.result({"secret": made.secret, **endpoint_object(made.endpoint)})
