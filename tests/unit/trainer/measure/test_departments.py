from datetime import UTC, datetime

import numpy as np

from classifier.scoring import Thresholds
from core.types import Ticket
from router.parse import parse_ruleset
from trainer.measure.answers import Answers
from trainer.measure.departments import departments

_RULES = parse_ruleset(
    {
        "default_department": "desk",
        "rules": [
            {
                "id": "vip",
                "order": 1,
                "when": {"customer": "acme"},
                "then": {"primary": "key accounts"},
            },
            {
                "id": "bills",
                "order": 2,
                "when": {"label": "billing"},
                "then": {"primary": "billing"},
            },
        ],
    }
)


def test_departments_follow_labels_scores_and_the_ticket() -> None:
    truth = np.array([[1], [1], [0], [0]], dtype=np.uint8)
    scores = np.array([[0.9], [0.1], [0.1], [0.4]], dtype=np.float32)
    answers = Answers.of(truth, scores, Thresholds(by_label={"billing": 0.3}))
    tickets = [Ticket(id=str(n), subject="s", body="b") for n in range(3)]
    tickets.append(Ticket(id="4", subject="s", body="b", customer="acme"))
    true, predicted = departments(answers, tickets, _RULES, datetime(2026, 6, 1, tzinfo=UTC))
    assert true == ["billing", "billing", "desk", "key accounts"]
    assert predicted == ["billing", "desk", "desk", "key accounts"]
