"""What the rules make of a model's answers: where each ticket goes, and where it should."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from numpy.typing import NDArray

from classifier.scoring import Thresholds
from core.types import Rung, Ticket
from router.decide import decide
from router.policy import Policy, make_policy
from router.rulebook import compile_rulebook
from router.ruleset import Ruleset
from trainer.measure.answers import Answers


def departments(
    answers: Answers, tickets: Sequence[Ticket], rules: Ruleset, now: datetime
) -> tuple[list[str], list[str]]:
    """Primary departments by the true labels, which count from 0.5, and by the scores; b of each.

    Args:
        answers: b rows.
        tickets: b of them.
        rules: tried as production does.
        now: the moment that rules on hours go by.
    """
    rulebook, labels = compile_rulebook(rules), answers.labels

    def primaries(values: NDArray[Any], policy: Policy) -> list[str]:
        return [
            decide(
                scores=dict(zip(labels, row, strict=True)),
                policy=policy,
                rulebook=rulebook,
                ticket=ticket,
                rung=Rung.MODEL,
                now=now,
            ).primary
            for row, ticket in zip(values.tolist(), tickets, strict=True)
        ]

    said = make_policy(Thresholds.uniform(labels).by_label)
    return (
        primaries(answers.truth, said),
        primaries(answers.scores, make_policy(answers.thresholds.by_label)),
    )
