from uuid import UUID

import numpy as np

from trainer.labels.gaps import Gap, gaps

_TALK = {
    "vpn": ("The VPN tunnel drops every hour", "VPN gateway refuses my tunnel", "No tunnel by VPN"),
    "badge": (
        "My badge opens no door",
        "The door reader ignores my badge",
        "Badge lost at the door",
    ),
}


def _tickets(each: int) -> tuple[list[UUID], list[str], np.ndarray]:
    """Two crowds at two ends of the space, and as many tickets that are like nothing."""
    chance = np.random.default_rng(0)
    texts, rows = [], []
    for place, talk in enumerate(_TALK.values()):
        for n in range(each):
            texts.append(f"{talk[n % 3]}, since {n}")
            row = np.zeros(64)
            row[place] = 5
            rows.append(row + chance.normal(0, 0.05, 64))
    for n in range(each):
        texts.append(f"Something of its own kind{chr(97 + n)}, written by person{chr(97 + n)}")
        rows.append(chance.normal(0, 1, 64))
    ids = [UUID(int=n) for n in range(len(texts))]
    return ids, texts, np.asarray(rows, dtype=np.float32)


def _found(said: tuple[frozenset[str], ...] = ()) -> list[Gap]:
    ids, texts, features = _tickets(15)
    return gaps(ids, texts, features, least=10, said=said)


def test_each_crowd_is_a_gap_named_by_its_own_words() -> None:
    one, other = _found()
    words = [{"vpn", "tunnel"}, {"badge", "door"}]
    assert sorted(bool(words[0] & set(gap.terms)) for gap in (one, other)) == [False, True]
    assert sorted(bool(words[1] & set(gap.terms)) for gap in (one, other)) == [False, True]
    assert (one.tickets, other.tickets) == (15, 15)


def test_examples_are_tickets_of_the_crowd() -> None:
    for gap in _found():
        sides = {int(UUID(id_)) // 15 for id_ in gap.examples}
        assert len(sides) == 1


def test_no_term_is_a_number_or_what_one_person_says() -> None:
    for gap in _found():
        assert not any(term.isdigit() or term.startswith("person") for term in gap.terms)


def test_what_people_dealt_with_does_not_come_again() -> None:
    first = _found()
    left = _found(said=(frozenset(first[0].terms),))
    assert [gap.key for gap in left] == [first[1].key]


def test_too_few_tickets_have_no_gap() -> None:
    ids, texts, features = _tickets(5)
    assert gaps(ids, texts, features, least=10) == []
