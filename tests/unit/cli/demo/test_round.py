import pytest

from cli.demo.round import Summary, summary_lines


def _summary(**changes: int) -> Summary:
    counts = {"tickets_sent": 10, "decided": 10, "lost": 0, "duplicate_decisions": 0, **changes}
    return Summary(
        **counts,
        by_department={"billing": 7, "orders": 3},
        by_rung={"model": 10},
        micro_f1=0.81,
        macro_f1=0.76,
        linear_macro_f1=0.7,
        seconds=2.0,
        tickets_per_s=5.0,
        model_version="m1",
        console_url="http://127.0.0.1:8080",
    )


def test_the_summary_tells_what_the_model_and_the_linear_model_are_worth() -> None:
    text = "\n".join(summary_lines(_summary()))
    for told in (
        "10 of 10 tickets decided in 2.0 s (5 a second), 0 lost, 0 decided twice",
        "Departments: billing 7, orders 3",
        "macro-F1 0.760 (linear model 0.700)",
    ):
        assert told in text


def test_a_demo_that_loses_or_doubles_a_ticket_is_not_sound() -> None:
    assert _summary().is_sound
    assert not _summary(decided=9, lost=1).is_sound
    assert not _summary(duplicate_decisions=1).is_sound


@pytest.mark.parametrize(
    "name",
    [
        "tickets_sent",
        "decided",
        "lost",
        "duplicate_decisions",
        "by_department",
        "by_rung",
        "micro_f1",
        "macro_f1",
        "linear_macro_f1",
        "seconds",
        "tickets_per_s",
        "model_version",
        "console_url",
    ],
)
def test_the_json_summary_has_what_checks_read(name: str) -> None:
    assert name in _summary().as_object()
