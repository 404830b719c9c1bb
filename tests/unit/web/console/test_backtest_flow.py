"""The picture of tickets that change hands: sizes tell numbers, and nothing lies upon another."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from web.console.backtest.flow import MOST_BANDS, Flow, Node, flow

_names = st.sampled_from([f"team-{n}" for n in range(9)])
_moves = st.dictionaries(
    st.tuples(_names, _names).filter(lambda ends: ends[0] != ends[1]),
    st.integers(1, 100_000),
    min_size=1,
    max_size=40,
).map(lambda found: sorted(((a, b, n) for (a, b), n in found.items()), key=lambda move: -move[2]))


def _drawn(moves: list[tuple[str, str, int]]) -> Flow:
    found = flow(moves)
    assert found is not None
    return found


def test_nothing_that_moves_is_no_picture() -> None:
    assert flow([]) is None


def test_bars_stand_by_size_and_bands_are_as_high_as_their_tickets() -> None:
    found = _drawn([("desk", "billing", 60), ("orders", "billing", 20), ("desk", "sales", 20)])
    assert [(node.department, node.tickets) for node in found.sources] == [
        ("desk", 80),
        ("orders", 20),
    ]
    assert [(node.department, node.tickets) for node in found.targets] == [
        ("billing", 80),
        ("sales", 20),
    ]
    assert [node.height for node in found.sources] == [192, 48]
    first = found.bands[0]
    assert (first.before, first.after, first.tickets) == ("desk", "billing", 60)
    assert first.path.startswith("M12 0.00C320 0.00 320 0.00 628 0.00V144.00")


@given(_moves)
def test_bars_do_not_overlap_and_all_lies_in_the_picture(
    moves: list[tuple[str, str, int]],
) -> None:
    found = _drawn(moves)
    for column in (found.sources, found.targets):
        assert all(upper.y + upper.height <= lower.y for upper, lower in pairwise(column))
        assert [node.tickets for node in column] == sorted(
            (node.tickets for node in column), reverse=True
        )
        assert column[-1].y + column[-1].height <= found.height + 0.1


@given(_moves)
def test_every_ticket_of_a_drawn_move_is_in_one_band_and_both_bars(
    moves: list[tuple[str, str, int]],
) -> None:
    found, drawn = _drawn(moves), moves[:MOST_BANDS]
    assert found.left_out == len(moves) - len(drawn)
    assert Counter((b.before, b.after, b.tickets) for b in found.bands) == Counter(drawn)
    assert _total(found.sources) == _total(found.targets) == sum(n for _, _, n in drawn)
    assert all(re.fullmatch(r"[MCVZ0-9. -]+", band.path) for band in found.bands)


def _total(nodes: Sequence[Node]) -> int:
    return sum(node.tickets for node in nodes)
