"""What somebody with every right in the database does to the audit log is seen."""

import pytest
from sqlalchemy import Engine, text

from store.access import audit
from store.engine import transaction


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        ("UPDATE audit_log SET actor = 'nobody' WHERE id = :third", "third"),
        ("UPDATE audit_log SET detail = '{}' WHERE id = :third", "third"),
        ("UPDATE audit_log SET at = at - interval '1 day' WHERE id = :third", "third"),
        ("DELETE FROM audit_log WHERE id = :third", "fourth"),
        ("UPDATE audit_log SET hash = sha256('x') WHERE id = :third", "third"),
    ],
)
def test_a_superusers_change_behind_the_triggers_is_named(
    engine: Engine, change: str, broken_at: str
) -> None:
    for number in range(5):
        transaction(
            engine,
            lambda c, n=number: audit.record(  # type: ignore[misc]
                c, actor="ann", action="rules.saved", subject=f"ruleset {n}", detail={"n": n}
            ),
        )
    with engine.begin() as connection:
        ids = list(connection.execute(text("SELECT id FROM audit_log ORDER BY id")).scalars())
        named = {"third": ids[2], "fourth": ids[3]}
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text(change), {"third": named["third"]})
    found = audit.check(
        audit.along(lambda after: transaction(engine, lambda c: audit.next_after(c, after)))
    )
    assert found.broken_at == named[broken_at]
