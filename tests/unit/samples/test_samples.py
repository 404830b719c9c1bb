"""The demo's data: varied, well-formed, and written one by one."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from core.ticket_files import read_tickets
from core.types import Ticket

LONG_PHRASE_WORDS = 7


@pytest.fixture(scope="module")
def tickets() -> list[Ticket]:
    folder = Path(__file__).parent.parent.parent.parent / "samples"
    lines = list(read_tickets(folder / "tickets.jsonl"))
    assert not [line.error for line in lines if line.error]
    return [line.ticket for line in lines if line.ticket]


def test_there_are_enough_tickets_labels_and_departments(
    tickets: list[Ticket], samples: Path
) -> None:
    taxonomy = yaml.safe_load((samples / "labels.yaml").read_text())
    assert len(tickets) >= 400
    assert len(taxonomy["labels"]) >= 14
    assert len(taxonomy["departments"]) >= 6
    assert sum(1 for x in taxonomy["departments"] if x.get("default")) == 1


def test_no_two_tickets_share_a_long_phrase(tickets: list[Ticket]) -> None:
    seen: dict[tuple[str, ...], str] = {}
    for ticket in tickets:
        words = re.findall(r"\w+", f"{ticket.subject} {ticket.body}".lower())
        for start in range(len(words) - LONG_PHRASE_WORDS + 1):
            phrase = tuple(words[start : start + LONG_PHRASE_WORDS])
            assert seen.setdefault(phrase, ticket.id) == ticket.id, (phrase, ticket.id)


def test_every_label_is_known_and_has_examples(tickets: list[Ticket], samples: Path) -> None:
    known = {x["name"] for x in yaml.safe_load((samples / "labels.yaml").read_text())["labels"]}
    counts = Counter(label for ticket in tickets for label in ticket.labels or ())
    assert set(counts) == known
    assert min(counts.values()) >= 8


def test_tickets_have_none_to_four_labels_and_several_languages(tickets: list[Ticket]) -> None:
    sizes = Counter(len(ticket.labels or ()) for ticket in tickets)
    assert set(sizes) == {0, 1, 2, 3, 4}
    assert len({ticket.language for ticket in tickets}) >= 4
    assert len({ticket.id for ticket in tickets}) == len(tickets)
