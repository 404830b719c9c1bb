"""Stored decisions made again: one as it was, or a period of them under other rules and levels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from core.label_meaning import Meaning
from router.backtest import Backtest, Case, Proposal, Tally, again, differences
from router.parse import parse_ruleset
from router.policy import Policy, parse_policy
from router.rulebook import compile_rulebook
from router.sieve import Sieve
from store.decided import replay
from store.decided.replay import Decided, Outline
from store.rules import label_history

_CASES = 1_000  # whole decisions held at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One decision made again from its record.

    Attributes:
        differences: names of what came out otherwise; () when all is equal, trace included.
        missing: what the record lacks to be made again; None when it was made.
    """

    differences: tuple[str, ...] = ()
    missing: str | None = None

    @property
    def is_same(self) -> bool:
        """Whether the decision came out as it was recorded."""
        return self.missing is None and not self.differences


def replayed(connection: Connection, ticket: UUID) -> Replay | None:
    """The standing decision of a ticket, made again; None where no rule has decided it."""
    found = replay.decided_now(connection, ticket)
    if found is None:
        return None
    past = Past(connection, rulesets=[found.ruleset], policies=[found.thresholds])
    case, ruleset = past.case(found), past.rulesets.get(found.ruleset)
    if case is None:
        return Replay(missing="the thresholds and levels of then")
    if ruleset is None:
        return Replay(missing="the rules of then")
    return Replay(differences=differences(case.made, again(case, compile_rulebook(ruleset))))


def stored_case(connection: Connection, ticket: UUID) -> Case | None:
    """What the standing decision of a ticket was made from; None where that is not all there."""
    found = replay.decided_now(connection, ticket)
    if found is None:
        return None
    return Past(connection, rulesets=[], policies=[found.thresholds]).case(found)


def backtest(
    connection: Connection, proposal: Proposal, since: datetime, until: datetime, *, most: int
) -> Backtest:
    """What a proposal would have changed on tickets that arrived in a period.

    Args:
        connection: a transaction of its own (`store.engine.one_moment`).
        proposal: rules and levels to try.
        since: when the first of the tickets arrived.
        until: when the first arrived that is not wanted.
        most: about so many decisions are looked at; of more a sample is drawn by hash.
    """
    counts = replay.counts(connection, since, until)
    of = sum(each.decisions for each in counts)
    past = Past(
        connection,
        rulesets={each.ruleset for each in counts},
        policies={each.thresholds for each in counts},
    )
    policies = _in_words_of_today(past.policies, label_history.meaning(connection))
    sieve = Sieve(proposal, rulesets=past.rulesets, policies=policies)
    book, tally, left_out = compile_rulebook(proposal.ruleset), Tally(), 0
    for outlines in replay.outlines(
        connection, since, until, share=min(1.0, most / max(of, 1)), scores=sieve.labels
    ):
        usable = [each for each in outlines if each.thresholds in policies]
        left_out += len(outlines) - len(usable)
        touched = []
        for each in usable:
            if sieve.touches(each):
                touched.append(each)
            else:
                tally.stays(each.primary, each.human)
        for case in past.cases(touched):
            tally.add(case, again(case, book, proposal.levels))
    return tally.result(of=of, left_out=left_out)


def _in_words_of_today(
    policies: Mapping[str | None, Policy], meaning: Meaning
) -> Mapping[str | None, Policy]:
    """Those that name no label by a name whose place others took: rules of today miss it."""
    return {
        version: policy
        for version, policy in policies.items()
        if not any(meaning.now.get(label) for label in policy.by_label)
    }


class Past:
    """The rules and policies that decisions name, as far as they are stored.

    Attributes:
        rulesets: by revision.
        policies: by version.
    """

    def __init__(
        self, connection: Connection, *, rulesets: Iterable[int], policies: Iterable[str | None]
    ) -> None:
        self._connection = connection
        documents = replay.rulesets(connection, list(rulesets))
        self.rulesets = {version: parse_ruleset(each) for version, each in documents.items()}
        known = replay.policies(connection, [each for each in policies if each is not None])
        self.policies: Mapping[str | None, Policy] = {
            version: parse_policy(each) for version, each in known.items()
        }

    def case(self, found: Decided, human: str | None = None) -> Case | None:
        """What a decision was made from; None when its policy is not known."""
        policy = self.policies.get(found.thresholds)
        if policy is None:
            return None
        return Case(
            ticket=found.ticket,
            scores=found.scores,
            rung=found.rung,
            policy=policy,
            decided_at=found.decided_at,
            made=found.routing,
            human=human,
            id=found.ticket_id,
        )

    def cases(self, outlines: Sequence[Outline]) -> Iterable[Case]:
        """The whole of these decisions but for their traces, some at a time."""
        for start in range(0, len(outlines), _CASES):
            some = {(each.ticket_id, each.revision): each for each in outlines[start:][:_CASES]}
            for found in replay.decided(self._connection, list(some), traces=False):
                case = self.case(found, some[found.ticket_id, found.revision].human)
                if case is not None:
                    yield case
