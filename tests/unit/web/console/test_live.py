import re

import pytest

from tests.factories.decided import a_decided_ticket
from tests.factories.visits import a_visit
from web.console.live.board import Board, Counts, make_cards, make_tracks
from web.console.live.filters import LiveFilters
from web.console.live.routes import Choices
from web.console.pages import Pages, duration


def _board(*tickets: object, **changes: object) -> Board:
    counts = Counts(
        **{
            "waiting": 0,
            "oldest_s": 0.0,
            "quarantined": 0,
            "decided": 1234,
            "workers": (("cpu", "model"),),
            "model": "0123456789ab",
            "ruleset": 3,
            **changes,
        }  # type: ignore[arg-type]
    )
    cards = make_cards(tickets, ["orders"])  # type: ignore[arg-type]
    return Board(counts=counts, tracks=make_tracks(cards), cards=cards)


def _page(board: Board) -> str:
    return Pages().html(
        a_visit(),
        "live/page.html",
        board=board,
        wanted=LiveFilters(),
        choices=Choices(),
        sees_figures=True,
    )


def test_the_page_shows_decisions_and_figures() -> None:
    page = _page(_board(a_decided_ticket()))
    for shown in ("Parcel is late", "orders", "with billing", "rule late-parcels", "1,234"):
        assert shown in page


def test_nothing_that_a_ticket_says_becomes_markup() -> None:
    evil = '<script>alert("x")</script><img src=x onerror=1>\'"&'
    page = _page(
        _board(a_decided_ticket(subject=evil, external_id=evil, labels=(evil,), rule=evil))
    )
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page


def test_nothing_is_inline_so_that_the_policy_holds() -> None:
    page = _page(_board(a_decided_ticket(), a_decided_ticket(rung="keywords")))
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert scripts
    assert not any(content for _, content in scripts)


def test_an_empty_board_says_what_to_do() -> None:
    assert "pointsman tickets send" in _page(_board())
    assert "none is alive" in _page(_board(workers=()))


def test_a_ticket_without_a_subject_is_still_seen() -> None:
    assert "no subject" in _page(_board(a_decided_ticket(subject="  ")))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (7_199, "1 h"), (86_400 * 3, "3 d")],
)
def test_a_time_span_is_told_in_the_largest_unit_that_fits(seconds: float, words: str) -> None:
    assert duration(seconds) == words
