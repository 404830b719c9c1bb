"""Tickets that changes of labels and proposals quote as examples are erased there too."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from core.ticket_json import ticket_object
from core.types import ProposalVerdict
from store.access import proposals
from store.access.proposals import Proposal
from store.engine import transaction
from store.erasure.erasures import OneCustomer, erase
from store.labels import label_requests
from store.queue.tickets import accept
from tests.factories.values import a_ticket

_MARK = "Xenia Quirk, Elm Row 9"
_CUSTOMER = "xenia@example.org"
_OTHER = ticket_object(a_ticket("other", body="nobody's"))


def _example(id_: str = "t-x", **changes: Any) -> dict[str, Any]:
    fields = {"subject": "Late", "body": f"I am {_MARK}", "customer": _CUSTOMER, **changes}
    return ticket_object(a_ticket(id_, **fields))


def _ask(connection: Connection, examples: list[dict[str, Any]]) -> None:
    wanted = {"kind": "add", "after": ["outage"], "examples": examples}
    asked = label_requests.ask(connection, wanted, ruleset=1, serving="m1", by="ops")
    assert asked is not None


def _propose(connection: Connection, examples: list[dict[str, Any]]) -> Proposal:
    body = {"label": "outage", "description": "kept", "examples": examples}
    return proposals.propose(connection, change="labels.edit", body=body, note="", by="ops")


def _kept(engine: Engine) -> list[list[str]]:
    """Ids of the examples in each row."""
    rows = text(
        "SELECT wanted FROM label_requests UNION ALL (SELECT body FROM proposals ORDER BY id)"
    )
    found = transaction(engine, lambda c: c.execute(rows).scalars().all())
    return [[example["id"] for example in each["examples"]] for each in found]


@pytest.fixture
def ticket(engine: Engine) -> Any:
    given = a_ticket("t-x", subject="Late", body=f"I am {_MARK}", customer=_CUSTOMER)
    return transaction(engine, lambda c: accept(c, [given], source="shop"))[0].id


def test_an_erased_ticket_leaves_waiting_changes_and_every_proposal(
    engine: Engine, ticket: Any
) -> None:
    same_text = _example("a-copy", customer=None)
    same_id = _example("t-x", body="an older text", customer=None)

    def work(connection: Connection) -> None:
        _ask(connection, [_example(), _OTHER])
        _propose(connection, [same_text, _OTHER])
        settled = _propose(connection, [same_id])
        verdict = ProposalVerdict.REJECTED
        proposals.decide(connection, settled, verdict, by="kim", reason="no")
        _propose(connection, [_OTHER])

    transaction(engine, work)
    done = erase(engine, ticket, by="ann")
    assert _kept(engine) == [["other"], ["other"], [], ["other"]]
    assert (done.removed["label_requests"], done.removed["proposals"]) == (1, 2)


def test_what_the_change_says_beside_its_examples_stays(engine: Engine, ticket: Any) -> None:
    made = transaction(engine, lambda c: _propose(c, [_example()]))
    erase(engine, ticket, by="ann")
    found = transaction(engine, lambda c: proposals.proposal(c, made.id))
    assert found is not None
    assert found.body == {"label": "outage", "description": "kept", "examples": []}


@pytest.mark.usefixtures("ticket")
def test_an_erased_customer_leaves_examples_of_tickets_that_never_came(engine: Engine) -> None:
    transaction(engine, lambda c: _ask(c, [_example("elsewhere", body="only here"), _OTHER]))
    done = erase(engine, OneCustomer(customer=_CUSTOMER), by="ann")
    assert _kept(engine) == [["other"]]
    assert done.removed["label_requests"] == 1
