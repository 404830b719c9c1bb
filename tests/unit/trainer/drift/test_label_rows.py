import numpy as np

from classifier.scoring import Thresholds
from trainer.drift.findings import Severity
from trainer.drift.label_rows import label_rows
from trainer.drift.watch import watch
from trainer.drift.window import Window


def test_the_gravest_label_comes_first_and_then_the_most_frequent() -> None:
    chance = np.random.default_rng(0)
    means = np.array([0.1, 0.3, 0.05])
    before, now = (
        chance.beta(8 * means * scale, 8 * (1 - means * scale), (1500, 3))
        for scale in (np.ones(3), np.array([1, 1, 5]))
    )
    findings = watch(
        Window(scores=before), Window(scores=now), Thresholds.uniform(("some", "most", "moved"))
    )
    rows = label_rows(findings)
    assert [row.label for row in rows] == ["moved", "most", "some"]
    assert [row.severity for row in rows] == [Severity.ALERT, Severity.QUIET, Severity.QUIET]
    assert rows[0].share[1] > 2 * rows[0].share[0]
    assert rows[0].psi[0] > rows[0].psi[1]


def test_findings_of_all_tickets_give_no_row() -> None:
    small = Window(scores=np.zeros((1, 1)))
    assert label_rows(watch(small, small, Thresholds.uniform(("a",)))) == []
