"""What a comparison of two windows found: figures, how grave they are, and words for people."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Signal(StrEnum):
    """What is looked at."""

    SAMPLE = "sample"
    TEXT_DISTANCE = "text_distance"
    TEXT_AUC = "text_auc"
    NEW_TEXTS = "new_texts"
    PREDICTED_RATE = "predicted_rate"
    ESTIMATED_SHARE = "estimated_share"
    SCORE_PSI = "score_psi"
    SCORE_JS = "score_js"
    ESTIMATED_MICRO_F1 = "estimated_micro_f1"
    ESTIMATED_MACRO_F1 = "estimated_macro_f1"
    ESTIMATED_F1 = "estimated_f1"
    AUDITED_ACCURACY = "audited_accuracy"


class Severity(StrEnum):
    """How grave a finding is; a window that is too small gives no other than `TOO_FEW`."""

    TOO_FEW = "too_few"
    QUIET = "quiet"
    WATCH = "watch"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One signal of one label, or of all tickets.

    Attributes:
        label: None where the signal is of all tickets.
        value: what is compared with the limit; larger is graver.
        limit: from which the signal alerts.
        noise: how large the value gets by chance; None where the p-value alone says it.
        p_value: the chance of such a value where nothing changed, corrected for the number of
            labels that were looked at; None where nothing was tested.
        reference: the figure before, where there is one.
        current: the figure now, likewise.
        reference_n: tickets that it was found on, before.
        current_n: likewise, now.
        sentence: what it means.
    """

    signal: Signal
    label: str | None = None
    value: float
    limit: float
    noise: float | None = None
    p_value: float | None = None
    reference: float | None = None
    current: float | None = None
    reference_n: int
    current_n: int
    severity: Severity
    sentence: str

    def as_object(self) -> dict[str, str | float | int | None]:
        """JSON-ready."""
        return asdict(self)


def finding_of(value: Mapping[str, Any]) -> Finding:
    """What `Finding.as_object` gave, read again."""
    kinds = {"signal": Signal(value["signal"]), "severity": Severity(value["severity"])}
    return Finding(**{**value, **kinds})


def has_drifted(findings: Sequence[Finding]) -> bool:
    """Whether anything alerts."""
    return gravest(findings) is Severity.ALERT


def gravest(findings: Sequence[Finding]) -> Severity:
    """The gravest severity of all; quiet where there is no finding."""
    order = list(Severity).index
    return max((finding.severity for finding in findings), key=order, default=Severity.QUIET)


def in_words(said: str, severity: Severity) -> str:
    """A whole sentence of what happened."""
    return f"{said}, within its limits." if severity is Severity.QUIET else f"{said}."
