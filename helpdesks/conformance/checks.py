"""Recorded deliveries against the intake, and decisions against stubs: each check by its name.

They need an empty database of their own and nothing else; nobody outside is spoken to.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, text

from core.redaction import AS_GIVEN
from core.sealing import Box
from core.types import (
    Decision,
    HelpdeskKind,
    HelpdeskWrite,
    Reason,
    Routing,
    Rung,
    Versions,
)
from helpdesks.conformance.senders import SECRET, SIGN, STANDARD_SECRET
from helpdesks.conformance.stubs import BASE, SERVICE_USER, STUBS, Stub
from helpdesks.desk import Access
from helpdesks.kinds import KINDS
from helpdesks.receiving import Delivery
from helpdesks.taking import take
from helpdesks.write_back import WriteBack
from store.decided.decisions import Finished, finish
from store.engine import transaction
from store.helpdesk import helpdesks
from store.helpdesk.helpdesks import Wanted
from store.queue import workers
from store.queue.claims import claim

Deliver = Callable[[str, Mapping[str, str], bytes], tuple[int, Any]]
"""Sends headers and a body to a path of the API; gives status and decoded answer."""
_LATE = timedelta(seconds=400)  # beyond the tolerance of every scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check and what came of it; `why` tells of a failure."""

    name: str
    passed: bool
    why: str = ""


def run(engine: Engine, deliver: Deliver) -> Iterator[Check]:
    """Every check, on a database that it may fill."""
    transaction(engine, _prepare)
    for recorded in _recorded():
        yield _replayed(recorded, deliver)
    for kind in SIGN:
        yield from _refused(kind, deliver)
    for kind, stub in STUBS.items():
        yield from _written(engine, kind, stub())


def _prepare(connection: Connection) -> None:
    for name in ("orders", "billing"):
        connection.execute(
            text("INSERT INTO departments (name) VALUES (:name) ON CONFLICT DO NOTHING"),
            {"name": name},
        )
    connection.execute(text("INSERT INTO labels (name) VALUES ('delivery') ON CONFLICT DO NOTHING"))
    for kind in HelpdeskKind:
        helpdesks.add(connection, _wanted(kind, str(kind)), by="conformance")
    for kind in STUBS:
        helpdesks.add(connection, _wanted(kind, f"{kind}-api"), by="conformance")


def _wanted(kind: HelpdeskKind, name: str) -> Wanted:
    secret = STANDARD_SECRET if kind is HelpdeskKind.STANDARD else SECRET
    named = KINDS[kind].names_teams
    return Wanted(
        name=name,
        kind=kind,
        base_url=BASE,
        account="1",
        service_user=SERVICE_USER,
        labels_field="Labels",
        secrets=(Box(None).seal(secret),),
        mapping={},
        teams={} if named else {"orders": "11", "billing": "12"},
        writes=tuple(HelpdeskWrite),
    )


def _recorded() -> list[dict[str, Any]]:
    folder = files("helpdesks.conformance") / "recorded"
    found = sorted(folder.iterdir(), key=lambda each: each.name)
    read = [each.read_text("utf-8") for each in found if each.name.endswith(".json")]
    return [entry for each in read for entry in json.loads(each)]


def _replayed(recorded: Mapping[str, Any], deliver: Deliver) -> Check:
    """A recorded delivery gets its outcome, and the same answer when it is sent again."""
    kind, name = HelpdeskKind(recorded["kind"]), f"{recorded['kind']}: {recorded['name']}"
    first = _send(kind, recorded["payload"], deliver, id_=recorded["name"])
    again = _send(kind, recorded["payload"], deliver, id_=recorded["name"])
    expected = recorded["outcome"]
    if first[0] != 202 or first[1].get("outcome") != expected:
        return Check(name=name, passed=False, why=f"expected {expected}, was told {first}")
    why = "" if again == first else f"another answer when sent again: {again}"
    return Check(name=name, passed=again == first, why=why)


def _refused(kind: HelpdeskKind, deliver: Deliver) -> Iterator[Check]:
    payload = next(each["payload"] for each in _recorded() if each["kind"] == kind)
    body, now, path = json.dumps(payload).encode(), datetime.now(UTC), f"/v1/intake/{kind}"
    headers = SIGN[kind](body, now, "refused")
    cases = {"forged": (headers, body + b" "), "unsigned": ({}, body)}
    if kind is not HelpdeskKind.ZAMMAD:  # it signs no time
        cases["stale"] = (SIGN[kind](body, now - _LATE, "refused"), body)
    for name, (sent, said) in cases.items():
        status, _ = deliver(path, sent, said)
        why = "" if status == 401 else f"was answered {status}"
        yield Check(name=f"{kind}: {name} is refused", passed=status == 401, why=why)


def _send(kind: HelpdeskKind, payload: Any, deliver: Deliver, *, id_: str) -> tuple[int, Any]:
    body = json.dumps(payload).encode()
    headers = SIGN[kind](body, datetime.now(UTC), f"recorded-{id_}")
    return deliver(f"/v1/intake/{kind}", headers, body)


class _Api:
    """A connection to a stub, with its ticket decided for orders."""

    def __init__(self, engine: Engine, kind: HelpdeskKind, stub: Stub) -> None:
        self._engine, self._kind, self.stub = engine, kind, stub
        self._event = uuid4()
        self._ticket = self.told()[1]
        transaction(engine, _decide)

    def told(self) -> tuple[str, UUID | None]:
        """What becomes of its webhook of how the ticket stands."""
        desk = transaction(self._engine, lambda c: helpdesks.find(c, f"{self._kind}-api"))
        assert desk is not None, "it was added before"
        payload, now = self.stub.payload(), datetime.now(UTC)
        told = KINDS[self._kind].parse(payload, {}, KINDS[self._kind].mapping, now)
        taken = transaction(self._engine, lambda c: take(c, desk, told, AS_GIVEN))
        return taken.outcome, taken.id

    def write(self) -> str:
        """Writes the decision; what was said of it."""
        payload = {"ticket_id": str(self._ticket)}
        told = Delivery(id=self._event, event="ticket.routed", payload=payload)
        access = Access(
            ask=self.stub,
            base_url=BASE,
            token="token",  # noqa: S106 (the stub's)
            account="1",
            labels_field="Labels",
        )
        return WriteBack(self._engine, f"{self._kind}-api", lambda _: access).send(told).note


def _written(engine: Engine, kind: HelpdeskKind, stub: Stub) -> Iterator[Check]:
    api = _Api(engine, kind, stub)
    api.write()
    tags = {"vip", "route__orders", "label__delivery", "confidence__high"}
    there = (stub.team, {*stub.tags}, len(stub.notes), len(stub.public))
    wanted = (stub.team_of("orders"), tags, 1, 0)
    yield _same(f"{kind}: a decision arrives whole", there, wanted)
    yield _same(f"{kind}: nothing is written twice", api.write(), "nothing to write")
    yield _same(f"{kind}: our own change has no effect", api.told()[0], "ignored")
    stub.by_agent(team="billing")
    yield _same(f"{kind}: an agent's move is feedback", api.told()[0], "feedback")
    api.write()
    yield _same(f"{kind}: an agent's move stays", stub.team, stub.team_of("billing"))


def _same(name: str, there: object, wanted: object) -> Check:
    why = "" if there == wanted else f"expected {wanted}, found {there}"
    return Check(name=name, passed=there == wanted, why=why)


def _decide(connection: Connection) -> None:
    """Gives every waiting ticket a decision for orders, as a worker would keep it."""
    worker = workers.register(connection, host="-", pid=0, device="cpu", rung=Rung.KEYWORDS)
    claims = claim(connection, worker=worker, most=100, lease_s=30)
    routing = Routing(
        primary="orders",
        collaborators=(),
        labels=("delivery",),
        reason=Reason.NO_RULE,
        rule=None,
        trace=[],
    )
    versions = Versions(model=None, calibration=None, thresholds=None, ruleset=1)
    for each in claims:
        decision = Decision(
            ticket_id=each.id,
            revision=each.revision,
            routing=routing,
            scores={"delivery": 0.9},
            rung=Rung.KEYWORDS,
            versions=versions,
            input_hash=bytes(32),
        )
        finish(connection, [Finished(decision=decision, token=each.token)])
