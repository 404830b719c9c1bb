import pytest

from core.types import Automation, LabelLevel
from router.thresholds import level_after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LabelLevel(), LabelLevel(auto_from=0.7)),
        (LabelLevel(preselect_from=0.4), LabelLevel(preselect_from=0.4, auto_from=0.7)),
        (
            LabelLevel(preselect_from=0.8, auto_from=0.9),
            LabelLevel(preselect_from=0.7, auto_from=0.7),
        ),
        (
            LabelLevel(automation=Automation.PRESELECT, auto_from=0.6),
            LabelLevel(automation=Automation.PRESELECT, preselect_from=0.7, auto_from=0.7),
        ),
        (
            LabelLevel(automation=Automation.SUGGEST),
            LabelLevel(automation=Automation.SUGGEST, preselect_from=0.7),
        ),
        (
            LabelLevel(automation=Automation.SHADOW),
            LabelLevel(automation=Automation.SHADOW, auto_from=0.7),
        ),
    ],
)
def test_a_threshold_is_for_what_the_level_lets_a_label_do(
    before: LabelLevel, after: LabelLevel
) -> None:
    assert level_after(before, 0.7) == after


@pytest.mark.parametrize("automation", Automation)
def test_without_a_threshold_no_label_does_more_than_being_suggested(
    automation: Automation,
) -> None:
    order = list(Automation)
    after = level_after(LabelLevel(automation=automation), None).automation
    assert order.index(after) == min(order.index(automation), order.index(Automation.SUGGEST))
