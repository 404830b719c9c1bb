from hypothesis import given
from hypothesis import strategies as st

from tests.factories.scorers import serving
from tests.factories.values import a_claim
from worker.batching import chunks, read
from worker.retry import Treatment


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


def test_suspects_go_after_the_rest_and_one_by_one() -> None:
    claims = [a_claim("bad", attempts=3), a_claim("worse", attempts=4), a_claim("a"), a_claim("b")]
    made = list(chunks(read(claims), serving(), max_tokens=4096))
    assert [len(chunk.works) for chunk in made] == [2, 1, 1]
    assert [c.treatment for c in made[1:]] == [Treatment.ALONE, Treatment.ISOLATED]


def test_tickets_without_text_share_a_chunk_that_costs_the_device_nothing() -> None:
    claims = [a_claim("a", subject="", body=""), a_claim("b", subject="", body="<p></p>")]
    made = list(chunks(read(claims), serving(), max_tokens=4096))
    assert [chunk.padded_tokens for chunk in made] == [0]
