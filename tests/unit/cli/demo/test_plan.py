import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.demo.plan import keywords_of, make_plan, pick_tickets, rules_for, suits, text_mark
from core.errors import Invalid
from core.types import Rung
from router.decide import decide
from router.lint import lint
from router.policy import make_policy
from router.rulebook import compile_rulebook
from router.ruleset import Ruleset
from tests.factories.decided import MOMENT
from tests.factories.values import a_ticket


def _row(id_: str, *labels: str, **extra: Any) -> dict[str, Any]:
    return {"id": id_, "subject": "s", "body": "b", "labels": list(labels), **extra}


def _file(path: Path, rows: Iterable[object]) -> Path:
    text = "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def test_the_sample_shop_has_no_loose_ends() -> None:
    plan = make_plan(None)
    departments = [department.name for department in plan.departments]
    labels = [label.name for label in plan.labels]
    assert lint(plan.ruleset, departments=departments, labels=labels) == []
    assert [d.name for d in plan.departments if d.is_default] == ["service-desk"]
    assert all(label.keywords for label in plan.labels)


def test_a_file_becomes_a_helpdesk_with_a_department_for_each_label(tmp_path: Path) -> None:
    rows = [_row("1", "os:mac", "crash"), _row("2", "crash", split="train"), "not json"]
    plan = make_plan(_file(tmp_path / "data.jsonl.gz", rows))
    assert [label.name for label in plan.labels] == ["crash", "os:mac"]
    assert [d.name for d in plan.departments] == ["service-desk", "crash", "os:mac"]
    assert [rule.primary for rule in plan.ruleset.rules] == ["os:mac", "crash"]
    assert suits(plan.ruleset, plan)


def test_a_label_named_like_the_default_department_leads_to_it(tmp_path: Path) -> None:
    plan = make_plan(_file(tmp_path / "d.jsonl", [_row("1", "service-desk")]))
    assert [(d.name, d.is_default) for d in plan.departments] == [("service-desk", True)]


def test_a_file_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="labelled"):
        make_plan(_file(tmp_path / "d.jsonl", [_row("1"), "{}"]))


def test_rules_of_other_data_do_not_suit(tmp_path: Path) -> None:
    plan = make_plan(_file(tmp_path / "d.jsonl", [_row("1", "a"), _row("2", "b")]))
    assert not suits(rules_for(["a"]), plan)
    assert not suits(rules_for(["a", "b", "c"]), plan)
    assert not suits(Ruleset(default_department="elsewhere"), plan)


def test_the_rarest_label_leads_and_the_others_collaborate() -> None:
    routing = decide(
        scores={"rare": 0.9, "common": 0.9},
        policy=make_policy({}),
        rulebook=compile_rulebook(rules_for(["rare", "common"])),
        ticket=a_ticket(),
        rung=Rung.MODEL,
        now=MOMENT,
    )
    assert (routing.primary, routing.collaborators) == ("rare", ("common",))


_names = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"]), min_size=1, max_size=200)


@given(st.lists(_names, unique=True, max_size=20))
def test_rules_can_be_made_for_labels_of_any_name(labels: list[str]) -> None:
    ruleset = rules_for(labels)
    assert len(ruleset.rules) == len(labels)


def test_a_label_gives_its_words_as_keywords() -> None:
    assert keywords_of("os:Mac-OS_X größe") == ("mac", "grösse")


def test_tickets_that_the_model_has_not_seen_are_sent_first_and_without_labels(
    tmp_path: Path,
) -> None:
    rows = [{**_row(str(n), "x"), "body": f"b{n}"} for n in range(10)]
    data = _file(tmp_path / "d.jsonl", rows)
    unseen = {text_mark(a_ticket(subject="s", body=f"b{n}")) for n in (7, 9)}
    sent = pick_tickets(data, most=4, first=unseen)
    assert [ticket.id for ticket in sent] == ["7", "9", "0", "1"]
    assert all(ticket.labels is None for ticket in sent)


def test_no_more_tickets_are_sent_than_there_are(tmp_path: Path) -> None:
    data = _file(tmp_path / "d.jsonl", [_row("1", "x"), "{}", _row("1", "y"), _row("2")])
    assert [ticket.id for ticket in pick_tickets(data, most=9, first=frozenset())] == ["1", "2"]
