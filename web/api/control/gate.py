"""Four eyes: a change in an area under control waits until a second person says yes to it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Engine

from core.types import ControlledArea, ProposalVerdict
from store.access.proposals import Proposal, decide, proposal, propose
from store.engine import transaction
from web.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A kind of change that can be put under control.

    Attributes:
        name: what proposals and the audit log call it.
        area: which setting puts it under control.
        body: what a request holds.
        make: carries it out for the person of that name, and gives what the door answers.
    """

    name: str
    area: ControlledArea
    body: type[BaseModel]
    make: Callable[[Connection, Any, str], Any]


class Proposed(Exception):
    """The change was kept for a second person; it is answered with 202 and what was kept."""

    def __init__(self, kept: Proposal) -> None:
        super().__init__(f"proposal {kept.id}")
        self.kept = kept


class Gate:
    """Carries changes out, or keeps them for a second person.

    Args:
        engine: where they are kept.
        areas: those under control.
        changes: every kind that there is.
    """

    def __init__(
        self, engine: Engine, areas: Iterable[ControlledArea], changes: Iterable[Change]
    ) -> None:
        self._engine = engine
        self._areas = frozenset(areas)
        self._changes = {change.name: change for change in changes}

    @property
    def areas(self) -> frozenset[ControlledArea]:
        """Those under control."""
        return self._areas

    def run(self, change: Change, body: BaseModel, *, by: str, note: str = "") -> Any:
        """What the change gives.

        A change that could not be carried out now is refused now, not when it is approved.

        Raises:
            Proposed: it waits for a second person.
        """
        if change.area not in self._areas:
            return transaction(self._engine, lambda c: change.make(c, body, by))
        stored = body.model_dump(mode="json", by_alias=True, exclude_unset=True)

        def keep(connection: Connection) -> Proposal:
            with connection.begin_nested() as trial:
                change.make(connection, body, by)
                trial.rollback()
            return propose(connection, change=change.name, body=stored, note=note, by=by)

        raise Proposed(transaction(self._engine, keep))

    def settle(self, id_: int, verdict: ProposalVerdict, *, by: str, reason: str) -> Proposal:
        """Carries a proposal out, or lets it go.

        Raises:
            Problem: there is none, it was settled before, or it is not this person's to settle.
        """

        def work(connection: Connection) -> Proposal:
            waiting = _waiting(connection, id_)
            _must_be_theirs(waiting, verdict, by)
            if verdict is ProposalVerdict.APPROVED:
                change = self._changes[waiting.change]
                change.make(
                    connection, change.body.model_validate(waiting.body), waiting.proposed_by
                )
            return decide(connection, waiting, verdict, by=by, reason=reason)

        return transaction(self._engine, work)


def _waiting(connection: Connection, id_: int) -> Proposal:
    found = proposal(connection, id_, to_decide=True)
    if found is None:
        raise Problem("not-found", f"There is no proposal {id_}.")
    if found.verdict is not None:
        raise Problem("conflict", f"Proposal {id_} was {found.verdict} by {found.decided_by}.")
    return found


def _must_be_theirs(waiting: Proposal, verdict: ProposalVerdict, by: str) -> None:
    is_own = by == waiting.proposed_by
    if verdict is ProposalVerdict.WITHDRAWN and not is_own:
        raise Problem("conflict", f"Only {waiting.proposed_by} can withdraw it; reject it instead.")
    if verdict is not ProposalVerdict.WITHDRAWN and is_own:
        raise Problem("conflict", "It is your own: somebody else must say yes or no to it.")
