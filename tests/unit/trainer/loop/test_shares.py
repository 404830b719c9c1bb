from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.loop.shares import Shares, Taught, allowed, excess

_STRICT = Shares(agent=0.05, source=0.2, rows=0)


def _taught(agents: list[str], labels: tuple[str, ...] = ("a",), source: str = "x") -> list[Taught]:
    return [
        Taught(id=UUID(int=n + 1), agent=agent, source=source, labels=labels)
        for n, agent in enumerate(agents)
    ]


def _crowd(*, loud: int) -> list[str]:
    """One agent with many rows among forty with five each."""
    return ["mallory"] * loud + [f"agent-{n % 40}" for n in range(200)]


def test_of_many_agents_none_teaches_more_than_a_twentieth() -> None:
    rows = _taught(_crowd(loud=200))
    over = excess(rows, _STRICT)
    assert set(over.values()) == {"over 5% of a label's new rows by one agent"}
    left = Counter(row.agent for row in rows if row.id not in over)
    assert left["mallory"] == 20  # of the 400 that were given
    assert left.total() == 220


def test_no_source_teaches_more_than_a_fifth() -> None:
    rows = [
        Taught(id=UUID(int=n + 1), agent=f"agent-{n}", source=source, labels=("a",))
        for n, source in enumerate(["forum"] * 60 + ["b", "c", "d", "e"] * 10)
    ]
    over = excess(rows, _STRICT)
    left = Counter(row.source for row in rows if row.id not in over)
    assert left["forum"] == 20
    assert set(over.values()) == {"over 20% of a label's new rows from one source"}


def test_a_small_team_is_cut_to_an_equal_split_at_most_and_one_person_not_at_all() -> None:
    rows = _taught(["anna"] * 90 + ["berta"] * 10)
    assert len(excess(rows, _STRICT)) == 40
    assert not excess(_taught(["anna"] * 500), _STRICT)
    assert not excess(rows, Shares(rows=90))


def test_each_label_counts_for_itself_and_rows_without_one_together() -> None:
    quiet = _taught(_crowd(loud=0), ("a",))
    loud = [
        Taught(id=UUID(int=1000 + n), agent="mallory", source="x", labels=labels)
        for n in range(10)
        for labels in [("b",)]
    ]
    assert not excess([*quiet, *loud], _STRICT)  # all of b is mallory's, and nobody else wants it
    assert excess(_taught(_crowd(loud=200), ()), _STRICT)


@given(st.lists(st.sampled_from("abcdefghij"), min_size=1), st.integers(0, 20))
def test_what_is_left_of_each_agent_is_what_is_allowed(agents: list[str], rows: int) -> None:
    taught = _taught(agents)
    over = excess(taught, Shares(rows=rows))
    counts = Counter(agents)
    most = allowed(counts.values(), 0.05, rows)
    left = Counter(row.agent for row in taught if row.id not in over)
    assert left == {agent: min(count, most) for agent, count in counts.items()}


@pytest.mark.parametrize("more", [1, 50])
def test_who_was_let_in_stays_in_when_others_give_more(more: int) -> None:
    before = _taught(_crowd(loud=100))
    after = [
        *before,
        *(
            Taught(id=UUID(int=5000 + n), agent=f"agent-{n % 40}", source="x", labels=("a",))
            for n in range(more)
        ),
    ]
    kept = {row.id for row in before} - excess(before, _STRICT).keys()
    loud = {row.id for row in before if row.agent == "mallory"}
    assert kept & loud <= {row.id for row in after} - excess(after, _STRICT).keys()
