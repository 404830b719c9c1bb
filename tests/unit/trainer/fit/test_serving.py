import numpy as np
import torch

from classifier.encoding import TicketTokenizer
from classifier.scoring import Calibration, Thresholds
from tests.factories.artifacts import LABELS, build_tiny_network, tiny_tokenizer
from trainer.fit.serving import raw_scores, serving_copy, serving_network
from trainer.operating.held_out import OperatingPoint

_TEXTS = ["refund please", "where is my package", "", "login " * 60]


def test_the_network_in_training_is_left_as_it_was() -> None:
    model = build_tiny_network()
    before = {name: part.clone() for name, part in model.state_dict().items()}
    copy = serving_copy(model.train(), "cpu")
    for part in copy.parameters():
        torch.nn.init.zeros_(part)
    assert all(torch.equal(part, before[name]) for name, part in model.state_dict().items())
    assert model.training
    assert not copy.training


def test_raw_scores_become_the_scores_that_are_served() -> None:
    point = OperatingPoint(
        calibration=Calibration(labels=LABELS, slope=(2.0,) * 4, intercept=(-1.0,) * 4),
        thresholds=Thresholds.uniform(LABELS),
    )
    tokenizer = TicketTokenizer(tiny_tokenizer(), 64)
    network = serving_network(build_tiny_network(), tokenizer, point, "cpu")
    raw = raw_scores(network, network.encode(_TEXTS))
    np.testing.assert_allclose(network.scores(raw), network.predict(_TEXTS), atol=1e-6)
