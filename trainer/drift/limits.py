"""From where on a difference matters; chance is judged apart from that.

A large stream shows differences with certainty that nobody cares about, so each signal has a
limit of its own unit beside its test. The limits on texts were set with the step from `test` to
`drift_2021` of `sumo_firefox` in view, in which F1 on the topics stayed: it should not alert.
"""

from dataclasses import dataclass

from core.errors import Invalid
from trainer.drift.findings import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """From which value a signal is watched, and from which it alerts.

    Both only where chance does not explain the value.
    """

    watch: float
    alert: float

    def severity(self, value: float, *, by_chance: bool) -> Severity:
        """How grave a value is."""
        if by_chance or value < self.watch:
            return Severity.QUIET
        return Severity.ALERT if value >= self.alert else Severity.WATCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a watch goes by.

    Attributes:
        min_tickets: of each window; under it nothing is judged.
        min_audited: of each window's audit, likewise.
        alpha: how often a signal may be taken for more than chance where nothing changed, whatever
            the number of labels, in (0, 1). Of 300 quiet streams of 300 or 1,000 tickets drawn from
            the samples 2 alerted and 3 more were to be watched; of 300 windows of 1,000 tickets of
            `sumo_firefox` (31 labels, 2,679 tickets before) 1 alerted; texts were not looked at.
            The price is paid by rare labels. One that tripled from 1 % to 3 % among those 31
            alerts, by its share or by how often it is predicted, in a window of

                model that finds of it    1,000 tickets    2,000    5,000
                99 %                      86 %             97 %     92 %
                85 %                      76 %             84 %     100 %
                57 %                      30 %             55 %     80 %
                17 %                      6 %              6 %      24 %

            (60, 40 and 25 windows each); 27 tickets before and 30 now say little among 31 labels.
        odds: ratio of the odds of a label, now and before; three times the share of a label is
            at least 3. The step moved a topic by up to 1.7.
        psi: stability index; 0.1 and 0.25 are the rule of credit scoring (Siddiqi, "Credit risk
            scorecards", 2006).
        js: distance in base 2; where the stability index has its limits.
        text_distance: the step measured 0.04.
        text_auc: the step measured 0.59, with features of an encoder beside the n-grams 0.65.
        new_texts: share of the different texts; the step measured 0.03 (0.02 with features), a
            tenth of other languages 0.08 (0.12 with features).
        f1_drop: of micro and macro F1, in points of 1.
        label_f1_drop: of one label's F1.
        accuracy_drop: of the audited accuracy.
        text_sample: most texts of each window that a classifier is fitted on.
        distance_sample: most texts of each window whose distances are taken, all with all.
        permutations: dealings behind the distance's p-value.

    Raises:
        Invalid: a number is out of range.
    """

    min_tickets: int = 200
    min_audited: int = 50
    alpha: float = 0.01
    odds: Limit = Limit(watch=1.5, alert=2.0)
    psi: Limit = Limit(watch=0.1, alert=0.25)
    js: Limit = Limit(watch=0.13, alert=0.21)
    text_distance: Limit = Limit(watch=0.06, alert=0.12)
    text_auc: Limit = Limit(watch=0.65, alert=0.8)
    new_texts: Limit = Limit(watch=0.02, alert=0.05)
    f1_drop: Limit = Limit(watch=0.02, alert=0.05)
    label_f1_drop: Limit = Limit(watch=0.05, alert=0.1)
    accuracy_drop: Limit = Limit(watch=0.02, alert=0.05)
    text_sample: int = 1500
    distance_sample: int = 500
    permutations: int = 499

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise Invalid("alpha", "is not between 0 and 1", "0.01 is usual")
        # Five folds of the text classifier need some tickets each.
        if self.min_tickets < 20 or self.min_audited < 1:
            raise Invalid("min_tickets", "is too small to judge on", "ask for 20 or more")
        if (self.permutations + 1) * self.alpha < 1:
            raise Invalid("permutations", "are too few for alpha", "ask for 1 / alpha or more")
