import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.types import TrialStage
from tests.factories.scorers import FakeScorer, serving
from tests.factories.values import a_claim
from worker.batching import chunks, deal, read
from worker.host import OnTrial
from worker.scorers import ScorerVersions


@given(
    st.lists(st.tuples(st.text(max_size=200), st.integers(1, 8)), max_size=60),
    st.integers(64, 400),
)
def test_every_ticket_is_in_exactly_one_chunk_and_chunks_keep_to_the_budget(
    tickets: list[tuple[str, int]], budget: int
) -> None:
    claims = [
        a_claim(f"t-{n}", subject="", body=body, attempts=attempts)
        for n, (body, attempts) in enumerate(tickets)
    ]
    made = list(chunks(read(claims), serving(), max_tokens=budget))
    seen = [work.claim.id for chunk in made for work in chunk.works]
    assert sorted(seen) == sorted(claim.id for claim in claims)
    assert all(c.padded_tokens <= budget or len(c.works) == 1 for c in made)


def test_tickets_without_text_share_a_chunk_that_costs_the_device_nothing() -> None:
    claims = [a_claim("a", subject="", body=""), a_claim("b", subject="", body="<p></p>")]
    made = list(chunks(read(claims), serving()))
    assert [chunk.padded_tokens for chunk in made] == [0]


def _on_trial(share: float, stage: TrialStage = TrialStage.CANARY) -> OnTrial:
    tried = serving(FakeScorer(versions=ScorerVersions(model="new")))
    return OnTrial(serving=tried, stage=stage, share=share)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_a_canary_gets_its_share_and_every_ticket_one_version(share: float) -> None:
    works = read([a_claim(f"t-{n}") for n in range(6000)])
    (_, others), (tried_by, tried) = deal(works, serving(), _on_trial(share))
    assert tried_by.scorer.versions.model == "new"
    assert abs(len(tried) / len(works) - share) < 5 * (share * (1 - share) / len(works)) ** 0.5
    assert sorted(w.claim.id for w in [*others, *tried]) == sorted(w.claim.id for w in works)


def test_a_ticket_goes_the_same_way_in_every_batch_and_a_larger_share_keeps_it() -> None:
    works = read([a_claim(f"t-{n}") for n in range(500)])
    few, more = (deal(works, serving(), _on_trial(share))[1][1] for share in (0.2, 0.4))
    again = [work for x in works for work in deal([x], serving(), _on_trial(0.2))[1][1]]
    assert [work.claim.id for work in few] == [work.claim.id for work in again]
    assert {work.claim.id for work in few} < {work.claim.id for work in more}


def test_a_ticket_that_came_to_nothing_once_is_not_tried_again() -> None:
    works = read([a_claim(f"t-{n}", attempts=2) for n in range(200)])
    assert deal(works, serving(), _on_trial(0.9))[1][1] == []


def test_only_a_canary_decides_tickets() -> None:
    works = read([a_claim("t")])
    assert len(deal(works, serving(), None)) == 1
    assert len(deal(works, serving(), _on_trial(0.9, TrialStage.SHADOW))) == 1


def test_no_chunk_mixes_two_versions() -> None:
    works = read([a_claim(f"t-{n}") for n in range(100)])
    dealt = deal(works, serving(), _on_trial(0.5))
    made = [x for version, some in dealt for x in chunks(some, version, max_tokens=400)]
    tried = {work.claim.id for work in dealt[1][1]}
    for chunk in made:
        ids = {work.claim.id for work in chunk.works}
        assert ids <= tried if chunk.serving.scorer.versions.model == "new" else not ids & tried
