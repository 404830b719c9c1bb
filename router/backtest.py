"""Decisions made again from their record: as they were made, or under other rules and levels.

Whatever is made again goes through `decide`, the production's own function. Which decisions need
not be made again is in `reach.py`; where they come from is not asked here.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID

from core.types import LabelLevel, Reason, Routing, Rung, Ticket
from router.decide import decide, follow
from router.policy import Policy, relevelled
from router.rulebook import Rulebook
from router.ruleset import Ruleset

SAMPLES = 5
"""Tickets shown of each move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One stored decision with all that it was made from.

    Attributes:
        ticket: as it was decided on.
        scores: as stored, in [0, 1].
        rung: who scored it.
        policy: thresholds and levels of then.
        decided_at: rules about hours go by it.
        made: what was decided.
        human: the department where people put it; None when nobody has said.
        id: under which the ticket is stored; None of one that is not.
    """

    ticket: Ticket
    scores: Mapping[str, float]
    rung: Rung
    policy: Policy
    decided_at: datetime
    made: Routing
    human: str | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is tried: rules, and levels of some labels in place of those of then."""

    ruleset: Ruleset
    levels: Mapping[str, LabelLevel] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Tickets that change hands; `samples` are senders' ids of a few, `ids` those of their rows."""

    before: str
    after: str
    tickets: int
    samples: tuple[str, ...]
    ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Tickets that a department owns."""

    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What a proposal would have changed.

    Attributes:
        of: decisions in the period.
        tickets: of those, the ones looked at: all, or a sample drawn by hash.
        left_out: of those drawn, the ones whose record does not suffice.
        redecided: of the tickets, the ones that the proposal could touch; the others stay.
        moves: most tickets first.
        loads: by department.
        judged: tickets of which people said where they belong.
        agreed_before: of those, the ones that were sent there.
        agreed_after: the ones that would be.
        gained: tickets by the label that would count and did not.
        lost: the other way round.
    """

    of: int
    tickets: int
    left_out: int
    redecided: int
    moves: tuple[Move, ...]
    loads: Mapping[str, Load]
    judged: int
    agreed_before: int
    agreed_after: int
    gained: Mapping[str, int]
    lost: Mapping[str, int]

    @property
    def moved(self) -> int:
        """Tickets that change hands."""
        return sum(move.tickets for move in self.moves)


def again(
    case: Case, rulebook: Rulebook, levels: Mapping[str, LabelLevel] | None = None
) -> Routing:
    """The decision on a case by these rules, by the policy of then but for these levels.

    A ticket that followed an incident follows it again.
    """
    remade = decide(
        scores=case.scores,
        policy=relevelled(case.policy, levels) if levels else case.policy,
        rulebook=rulebook,
        ticket=case.ticket,
        rung=case.rung,
        now=case.decided_at,
    )
    is_led = case.made.reason is Reason.INCIDENT
    return follow(remade, case.made.primary) if is_led else remade


def differences(made: Routing, remade: Routing) -> tuple[str, ...]:
    """Names of what differs between two decisions, trace included; () when they are equal."""
    return tuple(
        each.name
        for each in fields(Routing)
        if getattr(made, each.name) != getattr(remade, each.name)
    )


class Tally:
    """Adds up what became of tickets."""

    def __init__(self) -> None:
        self._stayed: Counter[tuple[str, str | None]] = Counter()
        self._moved: Counter[tuple[str, str, str | None]] = Counter()
        self._samples: defaultdict[tuple[str, str], list[Case]] = defaultdict(list)
        self._gained: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._redecided = 0

    def stays(self, primary: str, human: str | None) -> None:
        """A decision that the proposal cannot touch."""
        self._stayed[primary, human] += 1

    def add(self, case: Case, remade: Routing) -> None:
        """A decision that was made again."""
        self._redecided += 1
        before, after = case.made.primary, remade.primary
        self._moved[before, after, case.human] += 1
        samples = self._samples[before, after]
        if len(samples) < SAMPLES:
            samples.append(case)
        self._gained.update(set(remade.labels).difference(case.made.labels))
        self._lost.update(set(case.made.labels).difference(remade.labels))

    def result(self, *, of: int, left_out: int) -> Backtest:
        """The sums; `of` and `left_out` as `Backtest` has them."""
        ends = self._moved + Counter({(p, p, human): n for (p, human), n in self._stayed.items()})
        before, after, moves = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
        for (source, target, _), tickets in ends.items():
            before[source] += tickets
            after[target] += tickets
            if source != target:
                moves[source, target] += tickets
        judged = {end: tickets for end, tickets in ends.items() if end[2] is not None}
        return Backtest(
            of=of,
            tickets=ends.total(),
            left_out=left_out,
            redecided=self._redecided,
            moves=tuple(
                _move(b, a, n, self._samples[b, a])
                for (b, a), n in sorted(moves.items(), key=lambda item: (-item[1], item[0]))
            ),
            loads={
                name: Load(before=before[name], after=after[name])
                for name in sorted({*before, *after})
            },
            judged=sum(judged.values()),
            agreed_before=sum(n for (source, _, human), n in judged.items() if source == human),
            agreed_after=sum(n for (_, target, human), n in judged.items() if target == human),
            gained=dict(sorted(self._gained.items())),
            lost=dict(sorted(self._lost.items())),
        )


def _move(before: str, after: str, tickets: int, cases: Sequence[Case]) -> Move:
    return Move(
        before=before,
        after=after,
        tickets=tickets,
        samples=tuple(case.ticket.id for case in cases),
        ids=tuple(case.id for case in cases if case.id is not None),
    )
