from uuid import uuid4

from sqlalchemy import Connection, Engine, text

from store.delivery.delivery_figures import farings
from store.engine import transaction

_DELIVERY = text(
    "INSERT INTO deliveries (endpoint_id, event_id, event, state, created_at, done_at) VALUES "
    "(:endpoint, :event, 'ticket.routed', :state, clock_timestamp() - interval '90 seconds', "
    "CASE WHEN :state IN ('delivered', 'dead') THEN clock_timestamp() END)"
)


def _endpoint(connection: Connection, url: str, *, deleted: bool = False) -> int:
    made = text(
        "INSERT INTO webhook_endpoints (target, events, created_by, delivered, failed, deleted_at) "
        "VALUES (:url, '{}', 'ann', 7, 2, CASE WHEN :deleted THEN clock_timestamp() END) "
        "RETURNING id"
    )
    return int(connection.execute(made, {"url": url, "deleted": deleted}).scalar_one())


def test_an_endpoint_is_told_with_what_waits_and_what_is_dead(engine: Engine) -> None:
    def fill(connection: Connection) -> int:
        one = _endpoint(connection, "https://a.example/")
        _endpoint(connection, "https://gone.example/", deleted=True)
        for state in ("waiting", "sending", "delivered", "dead"):
            values = {"endpoint": one, "event": uuid4(), "state": state}
            connection.execute(_DELIVERY, values)
        return one

    one = transaction(engine, fill)
    (told,) = transaction(engine, farings)
    assert (told.id, told.kind, told.state) == (one, "webhook", "active")
    assert (told.waiting, told.dead, told.delivered, told.failed) == (2, 1, 7, 2)
    assert told.oldest_s >= 90
