from cli.rules.changes import finding_line, import_lines
from router.changes import compare
from router.conditions import LabelPredicted
from router.editing import has_errors
from router.lint import Finding, Severity
from router.ruleset import Rule, Ruleset


def _rule(id_: str, order: int, primary: str = "billing") -> Rule:
    return Rule(id=id_, order=order, when=LabelPredicted(label="refund"), primary=primary)


def _rules(*rules: Rule) -> Ruleset:
    return Ruleset(default_department="service-desk", rules=rules)


def _finding(severity: Severity, rule: str | None = None) -> Finding:
    return Finding(code="x", severity=severity, rule=rule, message="it is odd", fix="mend it")


def test_only_errors_stand_in_the_way() -> None:
    assert not has_errors([_finding(Severity.WARNING)])
    assert has_errors([_finding(Severity.WARNING), _finding(Severity.ERROR)])


def test_a_finding_says_where_what_and_how_to_mend_it() -> None:
    assert finding_line(_finding(Severity.ERROR, "r1")) == "error: rule r1: it is odd; mend it"
    assert finding_line(_finding(Severity.WARNING)) == "warning: it is odd; mend it"


def test_an_import_ends_by_saying_what_was_done() -> None:
    change, none = compare(_rules(), _rules(_rule("a", 1))), compare(_rules(), _rules())
    error = [_finding(Severity.ERROR)]
    assert list(import_lines(change, [], 5))[-1] == "Saved as revision 5."
    assert list(import_lines(change, error, None))[-1] == "Refused: mend the errors first."
    assert list(import_lines(change, [], None))[-1] == "Nothing was saved."
    assert list(import_lines(none, [], None)) == ["These rules are active already."]
