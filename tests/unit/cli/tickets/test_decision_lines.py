from cli.tickets.decision_lines import decision_line
from tests.factories.decided import a_decided_ticket


def test_a_line_says_what_it_is_about_who_takes_it_and_why() -> None:
    line = decision_line(a_decided_ticket()).plain
    assert line.startswith("Parcel is late  ")
    assert "delivery 0.91, refund 0.62" in line
    assert "→ orders + billing" in line
    assert line.endswith("rule late-parcels")


def test_a_lower_rung_is_named() -> None:
    ticket = a_decided_ticket(
        rung="keywords", labels=(), reason="below_threshold", rule=None, collaborators=()
    )
    line = decision_line(ticket).plain
    assert "no label was likely enough" in line
    assert line.endswith("[keywords]")


def test_columns_stand_under_each_other_whatever_the_lengths() -> None:
    short = decision_line(a_decided_ticket(subject="", labels=())).plain
    long = decision_line(a_decided_ticket(subject="x" * 500, labels=("delivery",) * 40)).plain
    assert short.index("→") == long.index("→")
    assert "(no subject)" in short
