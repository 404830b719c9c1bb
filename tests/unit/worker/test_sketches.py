import numpy as np
import pytest

from worker.sketches import alike, crowds, sketches, stacked

_STORM = (
    "Hello, this is {name}. Since {time} nobody in our office can reach the VPN gateway in "
    "Berlin, it says error {number}. Please help us."
)
_NAMES = ("Ann", "Bert", "Carla Weber", "Dimitri", "E. Nkemelu", "Fatima", "Greg", "Hiro")
_ORDINARY = (
    "My invoice for March lists the router twice, could you please refund one of them to my card?",
    "The tablet does not charge any more, although I tried two different cables and sockets.",
    "How do I move my account to another e-mail address without losing what I bought before?",
    "Your courier left the parcel with a neighbour whom I do not know, where can I find it now?",
)


def _storm(names: tuple[str, ...] = _NAMES) -> list[str]:
    return [
        _STORM.format(name=name, time=f"{9 + n}:{40 + n}", number=800 + n)
        for n, name in enumerate(names)
    ]


def _of(texts: list[str]) -> np.ndarray:
    return stacked([sketch for sketch in sketches(texts) if sketch is not None])


def test_reports_of_one_fault_are_alike_and_ordinary_tickets_are_not() -> None:
    storm, ordinary = _of(_storm()), _of(list(_ORDINARY))
    assert (alike(storm, storm[0]) >= 0.5).all()
    assert (alike(ordinary, storm[0]) < 0.2).all()


def test_numbers_do_not_tell_two_tickets_apart() -> None:
    one, other = _of(
        [f"disk {n} of host web-{n} is full at {n} percent, please look" for n in (1, 97)]
    )
    assert (one == other).all()


@pytest.mark.parametrize(
    "text", ["", "Thank you!", "VPN down", "help help help help help help help"]
)
def test_a_text_that_is_too_short_to_tell_by_has_no_sketch(text: str) -> None:
    assert sketches([text]) == [None]


def test_a_crowd_is_found_among_others_and_each_row_given_once() -> None:
    many = _of([*_ORDINARY[:2], *_storm(), *_ORDINARY[2:]])
    found = list(crowds(many, 0.5, most=20))
    assert sorted(found[0][1]) == list(range(2, 10))
    rows = [row for _, crowd in found for row in crowd]
    assert len(rows) == len(set(rows))


def test_nothing_is_crowded_where_no_two_are_alike() -> None:
    assert list(crowds(_of(list(_ORDINARY)), 0.5, most=20)) == []
    assert list(crowds(stacked([]), 0.5, most=20)) == []
