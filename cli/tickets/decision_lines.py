"""A decided ticket as one line: what it is about, who takes it, and why."""

from rich.text import Text

from cli.output import printable
from core.types import Rung
from router.explain import rung_words, why
from store.decided.records import DecidedTicket

_SUBJECT_CHARS = 40
_LABELS_CHARS = 42
_DEPARTMENTS_CHARS = 34


def decision_line(ticket: DecidedTicket) -> Text:
    """One line, without the ticket's body; columns stand under each other."""
    subject = printable(ticket.subject, _SUBJECT_CHARS) or "(no subject)"
    return Text.assemble(
        f"{subject:<{_SUBJECT_CHARS}}  ",
        (f"{_labels(ticket):<{_LABELS_CHARS}}  ", "cyan"),
        (f"{_departments(ticket):<{_DEPARTMENTS_CHARS}}  ", "bold"),
        (printable(why(ticket.reason, ticket.rule), 60), "dim"),
        (_rung(ticket), "yellow"),
    )


def _labels(ticket: DecidedTicket) -> str:
    """Labels with their scores as hundredths, as many as there is room for."""
    shown = [f"{label} {ticket.scores.get(label, 0):.2f}" for label in ticket.labels]
    return printable(", ".join(shown) or "—", _LABELS_CHARS)


def _departments(ticket: DecidedTicket) -> str:
    names = " + ".join([ticket.primary_department, *ticket.collaborators])
    return printable(f"→ {names}", _DEPARTMENTS_CHARS)


def _rung(ticket: DecidedTicket) -> str:
    return "" if ticket.rung == Rung.MODEL else f"  [{rung_words(ticket.rung)}]"
