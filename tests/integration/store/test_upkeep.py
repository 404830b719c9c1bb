from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from store.engine import transaction
from store.models import training_runs
from store.upkeep import months_ready, upkeep


def test_a_new_database_is_ready_for_the_coming_month_and_has_no_model(engine: Engine) -> None:
    now = datetime.now(UTC)
    found = transaction(engine, lambda c: upkeep(c, now=now))
    assert (found.months_ready, found.model_version, found.trainings) == (1, None, {})
    assert found.dead_letters == 0
    assert 1 <= found.connections < found.most_connections


def test_the_table_that_is_worst_off_counts(engine: Engine) -> None:
    now = datetime.now(UTC)
    next_month = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE outbox_p{next_month:%Y%m}"))
        assert months_ready(connection, now=now) == 0
        assert months_ready(connection, now=next_month) == -1


def test_an_open_training_is_told_by_its_age(engine: Engine) -> None:
    def ask(connection: object) -> None:
        training_runs.ask(connection, reason="a test", by="ann")  # type: ignore[arg-type]

    transaction(engine, ask)
    found = transaction(engine, lambda c: upkeep(c, now=datetime.now(UTC)))
    assert list(found.trainings) == ["queued"]
    assert 0 <= found.trainings["queued"] < 600
