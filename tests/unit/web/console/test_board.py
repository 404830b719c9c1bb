from hypothesis import given
from hypothesis import strategies as st

from tests.factories.decided import a_decided_ticket, a_worker
from web.console.live.board import (
    HUES,
    count_decided,
    describe_workers,
    hue_of,
    make_cards,
    make_tracks,
)


def test_a_card_says_what_where_and_why() -> None:
    (card,) = make_cards([a_decided_ticket()], ["billing", "orders"])
    assert (card.department, card.collaborators, card.hue) == ("orders", ("billing",), 1)
    assert [(bar.name, bar.percent, bar.predicted) for bar in card.labels] == [
        ("delivery", 91, True),
        ("refund", 62, True),
    ]
    assert (card.reason, card.rule, card.by_default) == ("rule", "late-parcels", False)
    assert (card.rung, card.failed) == ("", False)


def test_without_a_label_those_that_came_nearest_are_shown() -> None:
    ticket = a_decided_ticket(labels=(), reason="below_threshold", rule=None)
    (card,) = make_cards([ticket], [])
    assert [(bar.name, bar.predicted) for bar in card.labels] == [
        ("delivery", False),
        ("refund", False),
    ]
    assert card.by_default


def test_labels_that_nothing_speaks_for_are_not_shown() -> None:
    (card,) = make_cards([a_decided_ticket(labels=(), scores={"a": 0.0, "b": 0.001})], [])
    assert card.labels == ()


def test_many_labels_are_cut_and_counted() -> None:
    (card,) = make_cards([a_decided_ticket(labels=tuple("abcdef"), scores={})], [])
    assert (len(card.labels), card.more_labels) == (4, 2)


def test_a_lower_rung_and_a_failure_are_told() -> None:
    (card,) = make_cards([a_decided_ticket(rung="linear", state="quarantined")], [])
    assert (card.rung, card.failed) == ("linear", True)


def test_departments_without_a_colour_of_their_own_are_grey() -> None:
    names = [f"d{n}" for n in range(30)]
    assert hue_of("elsewhere", names) == HUES - 1
    assert HUES - 1 not in {hue_of(name, names) for name in names}


@given(st.lists(st.sampled_from(["billing", "orders", "sales"]), min_size=1, max_size=60))
def test_tracks_fill_the_bar_without_gaps_and_count_every_card(departments: list[str]) -> None:
    tickets = [a_decided_ticket(primary_department=name) for name in departments]
    tracks = make_tracks(make_cards(tickets, ["billing", "orders"]))
    assert sum(track.count for track in tracks) == len(departments)
    ends = [0.0, *(track.x + track.width for track in tracks)]
    assert all(abs(track.x - end) < 1e-9 for track, end in zip(tracks, ends, strict=False))
    assert abs(ends[-1] - 100) < 1e-9


def test_no_cards_make_no_tracks() -> None:
    assert make_tracks([]) == ()


def test_workers_are_counted_while_they_live_and_their_work_for_longer() -> None:
    workers = [
        a_worker(counters={"tickets_decided": 5}),
        a_worker(alive=False, counters={"tickets_decided": 2}),
        a_worker(device="cpu", rung="keywords"),
    ]
    assert describe_workers(workers) == (("cuda:0", "model"), ("cpu", "keywords"))
    assert count_decided(workers) == 7
