import pytest

from core.errors import Invalid
from trainer.drift.findings import Severity
from trainer.drift.limits import Limit, Limits


@pytest.mark.parametrize(
    ("value", "by_chance", "expected"),
    [
        (0.05, False, Severity.QUIET),
        (0.1, False, Severity.WATCH),
        (0.25, False, Severity.ALERT),
        (9.0, True, Severity.QUIET),
    ],
)
def test_a_value_alerts_from_its_limit_on_unless_chance_explains_it(
    value: float, by_chance: bool, expected: Severity
) -> None:
    assert Limit(watch=0.1, alert=0.25).severity(value, by_chance=by_chance) is expected


def test_limits_that_cannot_work_are_refused() -> None:
    for alpha in (0.0, 1.0):
        with pytest.raises(Invalid, match="alpha"):
            Limits(alpha=alpha)
    with pytest.raises(Invalid, match="min_tickets"):
        Limits(min_tickets=5)
    with pytest.raises(Invalid, match="permutations"):
        Limits(permutations=50)
