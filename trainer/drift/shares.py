"""How many tickets of each label there really are, although the model sees only some of them.

A predicted rate moves less than the label it stands for: what the model misses, and what it
predicts wrongly, does not move with it. Where only the shares of the labels changed, and not what
their tickets look like, calibrated scores tell by how much. Shapes: b tickets, l labels.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearson3

from trainer.drift.rates import Movement

# A model that explains less than this of a label says nothing of its share, and would say it
# loudly: on `sumo_firefox` unbounded shares of labels that it cannot tell went from 0.5 % to 19 %.
MIN_EXPLAINED = 0.1

Array = NDArray[np.float64]
Scores = NDArray[np.floating[Any]]


def share_movement(reference: Scores, current: Scores, alpha: float) -> Movement:
    """The odds ratio of the estimated shares, turned so that it is at least 1.

    The mean score of a label moves by the change of its share times what the score says of the
    label, E[s | has it] - E[s | has it not], which for calibrated scores is their variance by
    p(1 - p). Dividing by it gives the change (Bella and others, "Quantification via probability
    estimators", 2010). That equals one Newton step of the likelihood that Saerens and others
    (2002) climb by EM, and the test is its score test: the tickets of both windows, dealt out
    anew, through the three first moments of what comes of that (Mielke and Berry, "Permutation
    methods", 2007). Scores of rare labels are skewed: by a normal law with the windows' own
    variances 8 of 400 quiet windows of 1,000 alerted, by this one 2, and twice as many rare labels
    that tripled were found.

    Args:
        reference: calibrated scores in [0, 1], shape (b, l), b > 1.
        current: likewise, with its own b.
        alpha: the noise is what chance alone passes with this probability.
    """
    first, second = reference.astype(np.float64), current.astype(np.float64)
    before = _inside(first.mean(axis=0), len(first))  # (l)
    explained = np.maximum(first.var(axis=0) / (before * (1 - before)), MIN_EXPLAINED)
    moved = second.mean(axis=0) - first.mean(axis=0)
    after = _inside(before + moved / explained, len(second))
    dealt = _dealt(first, second)
    tails = np.stack([dealt.cdf(moved), dealt.sf(moved)])  # (2, l)
    # A fall turns the odds more than a rise of the same size, so chance goes the same way.
    chance = np.where(moved < 0, dealt.ppf(alpha / 2), dealt.isf(alpha / 2))
    return Movement(
        reference=before,
        current=after,
        value=odds_ratio(before, after),
        noise=odds_ratio(before, _inside(before + chance / explained, len(second))),
        p_value=np.asarray(np.minimum(1.0, 2 * tails.min(axis=0))),
    )


def _dealt(first: Array, second: Array) -> Any:
    """How the mean of b of all tickets, drawn at random, differs from that of the others, (l).

    Variance and skewness are those of a sample without replacement from a finite population
    (Cochran, "Sampling techniques", 1977).
    """
    n, m = len(first), len(second)
    size = n + m
    off = np.concatenate([first, second])
    off -= off.mean(axis=0)
    deviation = np.maximum(np.sqrt((off**2).mean(axis=0)), np.finfo(np.float64).tiny ** 0.25)
    skewness = ((off / deviation) ** 3).mean(axis=0)
    return pearson3(
        skew=skewness * (size - 2 * m) / (size - 2) * np.sqrt((size - 1) / (m * n)),
        scale=deviation * np.sqrt(n / (m * (size - 1))) * size / n,
    )


def odds_ratio(first: Array, second: Array) -> Array:
    """Of shares in (0, 1), the larger odds by the smaller, at least 1."""
    log_odds = [np.log(share / (1 - share)) for share in (first, second)]
    return np.asarray(np.exp(np.abs(log_odds[1] - log_odds[0])))


def _inside(share: Array, tickets: int) -> Array:
    """Half a ticket from none and from all: nearer cannot be told apart."""
    return np.clip(share, 0.5 / tickets, 1 - 0.5 / tickets)
