"""One label more for a network that serves already, from a description and a handful of tickets.

A ridge regression on the network's own features gives the label a row of its own beside the
trained ones, which stay as they are. It serves until a training has learned the label for good.

On 600 test rows of `sumo_firefox`, for each of seven topics taken out of a model that preset `fast`
made of 900 rows (38 to 143 with the topic) and added again by its bare name, told from 300 others:
mean average precision .24 without examples and .36 with 8, where the trained row has .48; F1 .24,
.42 and .51. By its name alone a topic is predicted too often, on 23 to 39 % of tickets where 4 to
14 % carry it. It takes 7 s of one CPU thread, nearly all for reading the 300.
Shapes: b tickets, n of them with the prototype, f features.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer
from classifier.arrangement import Arrangement, Source
from classifier.chunking import plan_chunks
from classifier.encoding import TicketTokenizer
from classifier.scoring import Calibration, Thresholds
from classifier.transformer import padded
from core.errors import Invalid
from trainer.fit.cold_start import (
    PENALTY,
    Array,
    Features,
    fit_ridge,
    linear_layer,
    prototype,
    row_weights,
)
from trainer.fit.embeddings import CHUNK_TOKENS
from trainer.fit.serving import serving_copy
from trainer.labels.arranging import arrangement_of, rearranged, row_count
from trainer.operating.calibration import fit_calibration
from trainer.operating.held_out import OperatingPoint
from trainer.operating.thresholds import choose_thresholds

# How many standard deviations of all tickets' scores a ticket of the label stands above their
# mean, where the regression knows the prototype alone: 0.9 (GoEmotions) and 1.2 (`sumo_firefox`
# topics) in the mean of labels.
REACH = 1.0
MIN_BACKGROUND = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A network with all that turns texts into predictions."""

    model: MultilabelTransformer
    tokenizer: TicketTokenizer
    point: OperatingPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLabel:
    """A label to come.

    Attributes:
        name: its own.
        description: what it is about, in words; may be empty.
        positives: texts that carry it; none will do, eight are far better.
    """

    name: str
    description: str = ""
    positives: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Background:
    """Tickets as they come, which a new label is told from.

    Attributes:
        features: the network's, of `MIN_BACKGROUND` texts or more, better hundreds; (n, f).
        frequency: how frequent a label of the network is among them in the mean, in [0, 1].
    """

    features: Features
    frequency: float


def background_of(served: Served, texts: Sequence[str]) -> Background:
    """What a network makes of texts.

    Raises:
        Invalid: there are too few.
    """
    if len(texts) < MIN_BACKGROUND:
        fix = f"send or import at least {MIN_BACKGROUND} others first"
        raise Invalid("background", f"there are {len(texts)} other tickets", fix)
    features, logits = _read(served, texts)
    frequency = float(served.point.calibration.scores(logits).mean())
    return Background(features=features, frequency=frequency)


def add_label(served: Served, new: NewLabel, background: Background) -> Served:
    """The network with one label more, its last; whatever it says of the others stays the same.

    Examples that were picked do not tell how frequent the label is: its scores take it to be as
    frequent as the others are in the mean.

    Args:
        served: left as it is.
        new: the label.
        background: other tickets.

    Raises:
        Invalid: the label is there already.
    """
    if not new.name or new.name in served.model.labels:
        raise Invalid("name", "is empty or there already", "give the label a name of its own")
    own, _ = _read(served, [*new.positives, prototype(new.name, new.description)])
    features = np.concatenate([own[:-1], background.features, own[-1:]])  # (n, f)
    truth = np.zeros((len(features), 1), dtype=np.uint8)
    truth[: len(new.positives)] = truth[-1] = 1
    ridge = fit_ridge(features, truth, row_weights(len(features), 1), PENALTY)
    scores = _judged(ridge.left_out, len(new.positives))
    point = _operating_point(new.name, truth, scores, background.frequency)
    row = (Source(row=row_count(served.model)),)
    arrangement = Arrangement(sources=(*arrangement_of(served.model).sources, row))
    labels = (*served.model.labels, new.name)
    return Served(
        model=rearranged(served.model, labels, arrangement, [linear_layer(ridge.head)]),
        tokenizer=served.tokenizer,
        point=with_label(served.point, point),
    )


def _read(served: Served, texts: Sequence[str]) -> tuple[Features, NDArray[np.float32]]:
    """Features (n, f) and raw scores (n, l) in one pass, in the precision that serves."""
    device = str(next(served.model.parameters()).device)
    model, ids = serving_copy(served.model, device), served.tokenizer.encode(texts).token_ids
    features = np.zeros((len(texts), model.feature_size), dtype=np.float32)
    logits = np.zeros((len(texts), len(model.labels)), dtype=np.float32)
    for chunk in plan_chunks([model.cost(own) for own in ids], CHUNK_TOKENS):
        with torch.inference_mode():
            rows, mask = padded([ids[place] for place in chunk], model.pad_id, device)  # (b, t)
            seen = model.features(rows, mask)
            features[chunk] = seen.cpu().numpy()
            logits[chunk] = model.scores(seen, rows, mask).cpu().numpy()
    return features, logits


def with_label(old: OperatingPoint, new: OperatingPoint) -> OperatingPoint:
    """Both, the labels of the second behind those of the first."""
    first, last = old.calibration, new.calibration
    return replace(
        old,
        calibration=Calibration(
            labels=first.labels + last.labels,
            slope=first.slope + last.slope,
            intercept=first.intercept + last.intercept,
        ),
        thresholds=Thresholds(by_label={**old.thresholds.by_label, **new.thresholds.by_label}),
    )


def log_odds(share: float) -> float:
    """Of a share in (0, 0.5], held away from 0."""
    inside = min(max(share, 1e-3), 0.5)
    return float(np.log(inside / (1 - inside)))


def _judged(left_out: Array, positives: int) -> Array:
    """Scores (n, 1) of rows left out; in the last, the prototype's, stands a ticket of its label.

    Left out itself, a prototype says nothing; without examples nothing else tells what score a
    ticket of the label has.
    """
    background = left_out[positives:-1]  # (n - positives - 1, 1)
    typical = background.mean(axis=0) + REACH * background.std(axis=0)
    return np.concatenate([left_out[:-1], typical[None]])


def _operating_point(
    name: str, truth: NDArray[np.uint8], scores: Array, frequency: float
) -> OperatingPoint:
    """Chosen on scores (n, 1) of rows left out, moved to the frequency that is expected.

    The intercept is moved by the difference of the log odds (Saerens, Latinne and Decaestecker,
    "Adjusting the outputs of a classifier to new a priori probabilities", 2002). The threshold has
    the best F1 that the scores of the background let expect.
    """
    fitted = fit_calibration(scores, truth, [name])
    found = float(fitted.scores(scores).mean())
    intercept = fitted.intercept[0] + log_odds(frequency) - log_odds(found)
    moved = replace(fitted, intercept=(intercept,))
    background = scores[truth[:, 0] == 0]
    unmarked = np.zeros(background.shape, dtype=np.uint8)
    return OperatingPoint(
        calibration=moved,
        thresholds=choose_thresholds(unmarked, moved.scores(background), [name]),
    )
