"""Tiny networks with everything that turns texts into predictions, of every shape of head."""

import numpy as np
import torch
from numpy.typing import NDArray

from classifier.architecture import HeadShape
from classifier.encoding import TicketTokenizer
from classifier.scoring import Calibration, Thresholds
from tests.factories.artifacts import LABELS, WORDS, build_tiny_network, tiny_tokenizer
from trainer.fit.serving import serving_network
from trainer.labels.added_label import Served
from trainer.operating.held_out import OperatingPoint

SHAPES = (
    HeadShape(),
    HeadShape(hidden=8),
    HeadShape(terms=9, layers=(-2, -1), encoder_tokens=4),
    HeadShape(terms=9, pooling=("max", "first"), hidden=8),
)
_PLENTY = [word for word in WORDS if word not in LABELS]


def a_served(shape: HeadShape | None = None, labels: tuple[str, ...] = LABELS[:3]) -> Served:
    """Its labels differ in calibration and threshold."""
    model = build_tiny_network(labels, shape=shape)
    if model.lexical is not None:
        model.lexical.keys.copy_(torch.arange(5, 5 + model.shape.terms))
        model.lexical.idf.fill_(1.0)
        torch.nn.init.normal_(model.lexical.weight)
    numbers = range(len(labels))
    return Served(
        model=model,
        tokenizer=TicketTokenizer(tiny_tokenizer(), 64),
        point=OperatingPoint(
            calibration=Calibration(
                labels=labels,
                slope=tuple(1.5 - 0.2 * n for n in numbers),
                intercept=tuple(0.5 - 0.3 * n for n in numbers),
            ),
            thresholds=Thresholds(
                by_label={name: 0.3 + 0.1 * n for n, name in zip(numbers, labels, strict=True)}
            ),
        ),
    )


def some_texts(count: int, seed: int, word: str | None = None) -> list[str]:
    """Random words without a label's; with `word` among them where one is given."""
    chance = np.random.default_rng(seed)
    texts = [[str(w) for w in chance.choice(_PLENTY, 4)] for _ in range(count)]
    return [" ".join([*words, word, word] if word else words) for words in texts]


def scores_of(served: Served, texts: list[str]) -> NDArray[np.float32]:
    return serving_network(served.model, served.tokenizer, served.point, "cpu").predict(texts)
