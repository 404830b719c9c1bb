"""What a demo works on: the shop in `samples/`, or a data file from which a helpdesk is made up."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from core.errors import Invalid
from core.text import model_text, text_hash
from core.ticket_files import read_tickets
from core.types import Ticket
from router.conditions import LabelPredicted
from router.lint import Severity, lint
from router.parse import parse_ruleset
from router.rules_yaml import load_rules
from router.ruleset import Rule, Ruleset, ruleset_object
from store.rules.taxonomy import Department, Label

SAMPLES = Path(__file__).parents[2] / "samples"
DEFAULT_DEPARTMENT = "service-desk"
_ORDER_STEP = 10
_SLUG_CHARS = 60
_WORD = re.compile(r"[^\W_]{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A helpdesk to demonstrate.

    Attributes:
        data: file of labelled tickets to learn from and to send.
        mark: first 16 hex digits of the file's SHA-256.
        labels: what tickets can be about.
        departments: who takes them; one is the default.
        ruleset: which label leads where.
    """

    data: Path
    mark: str
    labels: tuple[Label, ...]
    departments: tuple[Department, ...]
    ruleset: Ruleset


def make_plan(data: Path | None) -> Plan:
    """The sample shop, or a helpdesk with a department and a rule for each label of a file.

    Raises:
        Invalid: a file is missing, or holds no labelled ticket.
    """
    return _plan_of_samples() if data is None else _plan_of_data(data)


def pick_tickets(data: Path, *, most: int, first: AbstractSet[str]) -> list[Ticket]:
    """Tickets to send, without their labels: those whose text is in `first`, then others.

    Args:
        data: the file; lines that are no tickets are left out.
        most: how many; fewer if the file has no more.
        first: hashes, as `text_mark` gives them, of texts that the model has not learned from.
    """
    preferred: dict[str, Ticket] = {}
    others: dict[str, Ticket] = {}
    for ticket in _tickets(data):
        pile = preferred if text_mark(ticket) in first else others
        if len(pile) < most:
            pile.setdefault(ticket.id, replace(ticket, labels=None))
        if len(preferred) >= most:
            break
    return list((preferred | others).values())[:most]


def text_mark(ticket: Ticket) -> str:
    """SHA-256, 64 hex digits, of what the classifiers read of a ticket."""
    return text_hash(model_text(ticket.subject, ticket.body)).hex()


def suits(active: Ruleset, plan: Plan) -> bool:
    """Whether rules that are there can stay: nothing dangles and every label has a route."""
    findings = lint(
        active,
        departments=[department.name for department in plan.departments],
        labels=[label.name for label in plan.labels],
    )
    return not any(
        finding.severity is Severity.ERROR or finding.code == "unrouted-label"
        for finding in findings
    )


def rules_for(labels: Sequence[str]) -> Ruleset:
    """One rule a label: its department is primary if no rule before said so, else collaborates.

    Args:
        labels: the rule of the first is considered first.

    Raises:
        Invalid: a label cannot stand in a rule.
    """
    slugs = _slugs(labels)
    rules = tuple(
        Rule(
            id=slug,
            order=_ORDER_STEP * number,
            when=LabelPredicted(label=label),
            primary=label,
            collaborators=(label,),
        )
        for number, (label, slug) in enumerate(zip(labels, slugs, strict=True), start=1)
    )
    ruleset = Ruleset(default_department=DEFAULT_DEPARTMENT, rules=rules)
    return parse_ruleset(ruleset_object(ruleset))


def keywords_of(label: str) -> tuple[str, ...]:
    """The words of three letters or more in a label's name, for want of better."""
    return tuple(dict.fromkeys(word.casefold() for word in _WORD.findall(label)))


def _plan_of_samples() -> Plan:
    words = yaml.safe_load(_sample("labels.yaml"))
    data = SAMPLES / "tickets.jsonl"
    return Plan(
        data=data,
        mark=_mark(data),
        labels=tuple(_label(entry) for entry in words["labels"]),
        departments=tuple(_department(entry) for entry in words["departments"]),
        ruleset=load_rules(_sample("rules.yaml")),
    )


def _plan_of_data(data: Path) -> Plan:
    counts = Counter(label for ticket in _tickets(data) for label in ticket.labels or ())
    if not counts:
        raise Invalid(str(data), "holds no ticket with a label", "give labelled tickets")
    rarest_first = sorted(counts, key=lambda label: (counts[label], label))
    others = sorted(set(counts) - {DEFAULT_DEPARTMENT})
    return Plan(
        data=data,
        mark=_mark(data),
        labels=tuple(Label(name=name, keywords=keywords_of(name)) for name in sorted(counts)),
        departments=(
            Department(name=DEFAULT_DEPARTMENT, is_default=True),
            *(Department(name=name) for name in others),
        ),
        ruleset=rules_for(rarest_first),
    )


def _tickets(data: Path) -> Iterator[Ticket]:
    """The file's tickets; what is no ticket is the training's to complain about."""
    for line in read_tickets(data, ignore_unknown=True):
        if line.ticket is not None:
            yield line.ticket


def _slugs(labels: Sequence[str]) -> list[str]:
    """Ids for rules: the number of the rule, then what a label's name has of letters and digits."""
    plain = [re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-") for label in labels]
    return [f"r{number}-{name[:_SLUG_CHARS]}" for number, name in enumerate(plain, start=1)]


def _label(entry: dict[str, Any]) -> Label:
    return Label(
        name=entry["name"],
        description=entry["description"],
        keywords=tuple(entry["keywords"]),
    )


def _department(entry: dict[str, Any]) -> Department:
    return Department(
        name=entry["name"],
        description=entry["description"],
        is_default=entry.get("default", False),
    )


def _sample(name: str) -> str:
    try:
        return (SAMPLES / name).read_text(encoding="utf-8")
    except OSError as error:
        fix = "run from a checkout of the repository, or give --data"
        raise Invalid("samples", f"{name} is not there", fix) from error


def _mark(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
