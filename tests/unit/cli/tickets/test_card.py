from rich.console import Console

from cli.tickets.card import ticket_card
from tests.factories.decided import a_record


def _shown(**changes: object) -> str:
    console = Console(width=200, no_color=True)
    with console.capture() as capture:
        console.print(ticket_card(a_record(**changes)))
    return capture.get()


def test_the_card_says_where_the_ticket_went_and_why() -> None:
    shown = _shown()
    assert "→ orders + billing  rule late-parcels" in shown
    assert "scored by model, model m1, rules 3" in shown
    assert "✓ delivery  0.91" in shown
    assert "  refund    0.20" in shown


def test_the_trace_says_of_each_condition_whether_it_held() -> None:
    lines = [line.strip() for line in _shown().splitlines()]
    assert "✓ rule late-parcels (order 10)  primary orders" in lines
    assert "✓ delivery is predicted  (0.91)" in lines
    assert "✓ none of" in lines
    assert "✗ text contains lawyer" in lines


def test_a_ticket_that_waits_says_so() -> None:
    assert "Not decided yet: accepted." in _shown(decision=None, state="accepted")


def test_what_failed_and_what_came_before_is_told() -> None:
    record = a_record()
    old = {**record["decision"], "rung": "linear", "primary_department": "service-desk"}
    shown = _shown(error="it hung", superseded_decisions=[old])
    assert "Error: it hung" in shown
    assert "before: service-desk by linear model" in shown


def test_no_terminal_obeys_what_a_ticket_says() -> None:
    content = {**a_record()["ticket"], "subject": "\x1b]0;x\x07[bold]", "body": "a\x1b[2Jb\n" * 30}
    shown = _shown(ticket=content)
    assert "\x1b" not in shown
    assert "[bold]" in shown
    assert "… 18 more lines" in shown


def test_labels_that_are_ticked_or_suggested_are_told_from_those_that_count() -> None:
    decision = a_record()["decision"]
    scores = {"delivery": 0.91, "refund": 0.6, "login": 0.5}
    levels = {"preselected": ["refund"], "suggested": ["login"], "scores": scores}
    shown = _shown(decision={**decision, **levels})
    assert "✓ delivery  0.91" in shown
    assert "☑ refund    0.60" in shown
    assert "? login     0.50" in shown


def test_what_waits_for_a_person_is_told_and_what_became_of_it() -> None:
    waits = {"id": 12, "reasons": ["no_rule", "audit"], "outcome": None, "resolved_by": None}
    done = {"id": 11, "reasons": ["no_rule"], "outcome": "accepted", "resolved_by": "ann"}
    shown = _shown(reviews=[done, waits])
    assert "review: accepted by ann: no_rule" in shown
    assert "review: item 12 waits for a person: no_rule, audit" in shown
