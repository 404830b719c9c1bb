from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from store.models.training_runs import Since
from trainer.loop.triggers import Policy, Trigger, due

_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_POLICY = Policy(
    corrections=10, every=timedelta(hours=24), override_rate=0.3, override_tickets=20, on_drift=True
)


def _signals(**changes: object) -> Since:
    fields: dict[str, object] = {
        "now": _NOW,
        "last_run": 4,
        "since": _NOW - timedelta(hours=1),
        "new_corrections": 5,
        "judged": 0,
        "overruled": 0,
        "drift_report": None,
        "drift_alerts": 0,
        "erasures": 0,
    }
    return Since(**{**fields, **changes})  # type: ignore[arg-type]


def _kind(trigger: Trigger | None) -> str | None:
    return None if trigger is None else trigger.kind


def test_little_feedback_in_little_time_is_no_reason_to_train() -> None:
    assert due(_POLICY, _signals()) is None


def test_enough_corrections_are_a_reason_and_say_how_many() -> None:
    trigger = due(_POLICY, _signals(new_corrections=12))
    assert trigger == Trigger(
        kind="corrections",
        reason="12 new corrections, 10 are enough",
        window="after run 4",
    )


def test_agents_who_overrule_much_are_a_reason_once_they_judged_enough() -> None:
    assert due(_POLICY, _signals(judged=19, overruled=19)) is None
    assert _kind(due(_POLICY, _signals(judged=20, overruled=6))) == "override rate"
    assert due(_POLICY, _signals(judged=20, overruled=5)) is None


def test_drift_is_a_reason_with_one_correction_and_says_which_report() -> None:
    alerted = _signals(drift_report=12, drift_alerts=3, new_corrections=1)
    trigger = due(_POLICY, alerted)
    assert trigger is not None
    assert trigger.kind == "drift"
    assert trigger.reason == "drift report 12 has 3 alerts, and 1 new corrections"
    assert due(_POLICY, _signals(drift_report=12, drift_alerts=3, new_corrections=0)) is None


def test_time_is_a_reason_only_if_there_is_something_new() -> None:
    old = _NOW - timedelta(hours=25)
    assert _kind(due(_POLICY, _signals(since=old))) == "time"
    assert due(_POLICY, _signals(since=old, new_corrections=0)) is None


def test_an_erasure_from_a_data_set_is_something_new_but_no_haste() -> None:
    erased = {"new_corrections": 0, "erasures": 2, "judged": 20, "overruled": 20}
    assert due(_POLICY, _signals(**erased)) is None
    trigger = due(_POLICY, _signals(since=_NOW - timedelta(hours=25), **erased))
    assert trigger is not None
    assert trigger.reason.endswith("0 new corrections and 2 erasures from data sets")


@given(new=st.integers(0, 1000), judged=st.integers(0, 1000), hours=st.integers(0, 1000))
def test_a_trigger_that_is_switched_off_never_fires(new: int, judged: int, hours: int) -> None:
    off = Policy(
        corrections=0, every=timedelta(0), override_rate=0, override_tickets=1, on_drift=False
    )
    since = _NOW - timedelta(hours=hours)
    signals = _signals(
        new_corrections=new, judged=judged, overruled=judged, since=since, drift_report=1
    )
    assert due(off, signals) is None


def test_the_same_run_before_gives_the_same_window_whatever_the_reason() -> None:
    first = due(_POLICY, _signals(new_corrections=12))
    second = due(_POLICY, _signals(since=_NOW - timedelta(days=9)))
    assert first is not None
    assert second is not None
    assert first.window == second.window != "after run 5"
