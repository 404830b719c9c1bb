from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from core.types import ReviewReason
from store.feedback.review import Waiting
from store.figures.audit_sample import Judged
from store.figures.drift_reports import DriftReport
from web.learning_metrics import Learning, learning_families

_AT = datetime(2026, 3, 1, tzinfo=UTC)
_NOTHING = Waiting(items=0, by_reason={}, oldest_s=0.0)


class _Fixed(Collector):
    def __init__(self, learning: Learning) -> None:
        self._families = list(learning_families(learning))

    def collect(self) -> list[Metric]:
        return self._families


def _text(**changes: object) -> str:
    fields: dict[str, object] = {"judged": {}, "drift": None, "runs": {}, "review": _NOTHING}
    registry = CollectorRegistry()
    registry.register(_Fixed(Learning(**{**fields, **changes})))  # type: ignore[arg-type]
    return generate_latest(registry).decode()


def _finding(signal: str, label: str | None, value: float) -> dict[str, object]:
    return {"signal": signal, "label": label, "value": value, "limit": 2.0, "severity": "quiet"}


def test_each_version_has_its_override_rate_and_its_audit() -> None:
    said = Judged(accepted=6, replaced=2, skipped=1, audited=4, audited_right=3)
    nothing = Judged(accepted=0, replaced=0, skipped=5, audited=0, audited_right=0)
    text = _text(judged={"m1": said, "m2": nothing})
    assert 'pointsman_override_rate{model_version="m1"} 0.25' in text
    assert 'pointsman_audit_accuracy{model_version="m1"} 0.75' in text
    assert 'pointsman_judged_tickets{model_version="m1",outcome="skipped"} 1.0' in text
    assert 'pointsman_override_rate{model_version="m2"}' not in text
    assert 'pointsman_audit_accuracy{model_version="m2"}' not in text


def test_the_newest_drift_report_tells_the_gravest_value_of_each_signal() -> None:
    findings = [
        _finding("estimated_share", "login", 1.4),
        _finding("estimated_share", "refund", 3.1),
        _finding("text_auc", None, 0.55),
    ]
    report = DriftReport(
        id=3,
        model_version="m1",
        since=_AT,
        until=_AT,
        tickets=900,
        alerts=1,
        findings=findings,
        created_at=_AT,
    )
    text = _text(drift=report)
    assert 'pointsman_drift_alerts{model_version="m1"} 1.0' in text
    assert 'pointsman_drift_value{model_version="m1",signal="estimated_share"} 3.1' in text
    assert 'pointsman_drift_value{model_version="m1",signal="text_auc"} 0.55' in text
    assert "pointsman_drift_checked_timestamp_seconds" in text
    assert "refund" not in text


def test_trainings_are_counted_by_why_they_began_and_how_they_ended() -> None:
    text = _text(runs={("drift", "promoted"): 2, ("manual", "failed"): 1})
    assert 'pointsman_training_runs{outcome="promoted",trigger="drift"} 2.0' in text
    assert 'pointsman_training_runs{outcome="failed",trigger="manual"} 1.0' in text
    assert "pointsman_drift" not in text


def test_what_waits_for_a_person_is_counted_by_reason() -> None:
    by_reason = {ReviewReason.NO_RULE: 3, ReviewReason.AUDIT: 1}
    text = _text(review=Waiting(items=3, by_reason=by_reason, oldest_s=90.0))
    assert 'pointsman_review_items{reason="no_rule"} 3.0' in text
    assert 'pointsman_review_items{reason="audit"} 1.0' in text
    assert "pointsman_review_oldest_seconds 90.0" in text
