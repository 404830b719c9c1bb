from collections.abc import Sequence

import pytest

from core.errors import Permanent, Transient
from core.types import Rung
from tests.factories.scorers import FakeScorer, serving
from tests.factories.values import a_claim
from worker.batching import chunks, read
from worker.counters import Counters
from worker.host import Serving
from worker.isolation import Isolation
from worker.results import Results
from worker.scorers import Scorer
from worker.scoring import Scored, Scoring, given_up

_RAISED = "the model cannot score this text: it ends in ValueError"


class FakeHost:
    """Steps down to a scorer that works."""

    def __init__(self, lower: Serving) -> None:
        self.lower = lower
        self.stepped: list[Scorer] = []

    def step_down(self, broken: Scorer) -> Serving:
        self.stepped.append(broken)
        return self.lower


def _raise_for(word: str, error: Exception) -> FakeScorer:
    def fails(texts: Sequence[str]) -> None:
        if any(word in text for text in texts):
            raise error

    return FakeScorer(fails=fails)


def _score(
    scorer: FakeScorer, bodies: list[str], lower: FakeScorer | None = None
) -> tuple[list[Scored], FakeHost]:
    serves = serving(scorer)
    host = FakeHost(serving(lower or scorer) if lower else serves)
    claims = [a_claim(f"t-{n}", body=body) for n, body in enumerate(bodies)]
    scoring = Scoring(host, Isolation(timeout_s=1), Results(100, Counters()))  # type: ignore[arg-type]
    made = chunks(read(claims), serves, max_tokens=100_000)
    return [scored for chunk in made for scored in scoring.score(chunk)], host


def test_every_ticket_of_a_good_chunk_gets_its_row() -> None:
    outcomes, _ = _score(FakeScorer(), ["a", "b", "c"])
    assert [x.row for x in outcomes] == [pytest.approx([0.9, 0.1])] * 3


def test_a_poison_ticket_does_not_hold_up_its_batch() -> None:
    scorer = _raise_for("poison", ValueError("quotes the ticket"))
    outcomes, host = _score(scorer, ["a", "poison", "c", "d", "e"])
    errors = {x.work.claim.ticket.body: x.error for x in outcomes}
    assert errors == {"a": None, "poison": _RAISED, "c": None, "d": None, "e": None}
    assert not host.stepped


def test_a_broken_device_moves_tickets_down_the_ladder_and_convicts_none() -> None:
    broken = _raise_for("", Permanent("device gone"))
    lower = FakeScorer(rung=Rung.LINEAR)
    outcomes, host = _score(broken, ["a", "b", "c"], lower)
    assert [x.error for x in outcomes] == [None] * 3
    assert {x.serving.scorer.rung for x in outcomes} == {Rung.LINEAR}
    assert host.stepped


def test_memory_that_runs_out_halves_the_chunk() -> None:
    sizes: list[int] = []

    def fails(texts: Sequence[str]) -> None:
        sizes.append(len(texts))
        if len(texts) > 2:
            raise Transient("out of memory")

    outcomes, _ = _score(FakeScorer(fails=fails), list("abcdefgh"))
    assert [x.error for x in outcomes] == [None] * 8
    assert max(sizes[3:]) <= 4


def test_a_ticket_past_all_patience_is_given_up_without_being_read() -> None:
    outcome = given_up(a_claim(attempts=9), serving())
    assert outcome.error == (
        "every worker that had it scored in a process of its own ended meanwhile"
    )
    assert outcome.work.text == ""


def test_a_suspect_on_a_lower_rung_is_scored_here() -> None:
    answer = Isolation(timeout_s=1).score("text", FakeScorer(rung=Rung.LINEAR))
    assert answer.error is None
    assert list(answer.row) == pytest.approx([0.9, 0.1])
