"""How many tickets of each label there really are, although the model sees only some of them.

A predicted rate moves less than the label it stands for: what the model misses, and what it
predicts wrongly, does not move with it. Where only the shares of the labels changed, and not what
their tickets look like, calibrated scores tell by how much. Shapes: b tickets, l labels.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

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
    (2002) climb by EM; the test is its score test.

    Args:
        reference: calibrated scores in [0, 1], shape (b, l), b > 1.
        current: likewise, with its own b.
        alpha: the noise is what chance alone passes with this probability.
    """
    first, second = reference.astype(np.float64), current.astype(np.float64)
    before = _inside(first.mean(axis=0), len(first))  # (l)
    explained = np.maximum(first.var(axis=0) / (before * (1 - before)), MIN_EXPLAINED)
    moved = second.mean(axis=0) - first.mean(axis=0)
    error = np.sqrt(first.var(axis=0) / len(first) + second.var(axis=0) / len(second))
    error = np.maximum(error, np.finfo(np.float64).tiny)
    after = _inside(before + moved / explained, len(second))
    # A fall turns the odds more than a rise of the same size, so chance goes the same way.
    way = np.where(moved < 0, -1, 1)
    chance = way * float(norm.isf(alpha / 2)) * error / explained
    return Movement(
        reference=before,
        current=after,
        value=odds_ratio(before, after),
        noise=odds_ratio(before, _inside(before + chance, len(second))),
        p_value=np.asarray(2 * norm.sf(np.abs(moved) / error)),
    )


def odds_ratio(first: Array, second: Array) -> Array:
    """Of shares in (0, 1), the larger odds by the smaller, at least 1."""
    log_odds = [np.log(share / (1 - share)) for share in (first, second)]
    return np.asarray(np.exp(np.abs(log_odds[1] - log_odds[0])))


def _inside(share: Array, tickets: int) -> Array:
    """Half a ticket from none and from all: nearer cannot be told apart."""
    return np.clip(share, 0.5 / tickets, 1 - 0.5 / tickets)
