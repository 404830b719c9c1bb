from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from classifier.architecture import HeadShape, MultilabelTransformer
from classifier.encoding import TicketTokenizer
from classifier.scoring import Calibration, Thresholds
from core.errors import Invalid
from tests.factories.artifacts import (
    LABELS,
    WORDS,
    build_tiny_encoder,
    build_tiny_network,
    tiny_tokenizer,
)
from tests.factories.labelled import labelled_file
from trainer.cold_start import Served, add_label, fit_cold_start, fit_ridge, prototype
from trainer.corpus import Corpus, Job
from trainer.dataset import read_dataset
from trainer.head import mean_average_precision
from trainer.held_out import OperatingPoint, choose_operating_point
from trainer.progress import Silent
from trainer.serving import raw_scores, serving_network

_PLENTY = [word for word in WORDS if word not in LABELS]


def _corpus(folder: Path, rows: int, seed: int) -> Corpus:
    return Corpus.of(read_dataset(labelled_file(folder / f"{seed}.jsonl", rows, seed)), LABELS)


def _job(folder: Path) -> Job:
    encoder = folder / "encoder"
    return Job(
        encoder=encoder if encoder.is_dir() else build_tiny_encoder(encoder),
        max_length=64,
        device="cpu",
        seed=0,
        folder=folder / "work",
        progress=Silent(),
    )


def _rows(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    chance = np.random.default_rng(seed)
    features = chance.normal(3, 2, (count, 6)).astype(np.float32)
    truth = (features[:, :2] + chance.normal(0, 1, (count, 2)) > 3).astype(np.uint8)
    return features, truth


@given(st.integers(0, 999), st.floats(0.1, 30), st.integers(8, 20))
@settings(deadline=None, max_examples=20)
def test_what_is_said_of_a_row_left_out_is_what_a_fit_without_it_says(
    seed: int, penalty: float, count: int
) -> None:
    """The left-out row's weight goes to 0; the standardisation keeps it, as is documented."""
    features, truth = _rows(count, seed)
    weights = np.random.default_rng(seed).uniform(0.5, 3, count)
    whole = fit_ridge(features, truth, weights, penalty)
    without = np.where(np.arange(count) == 0, 1e-9, weights)
    apart = fit_ridge(features, truth, without, penalty).head.logits(features[:1])
    np.testing.assert_allclose(whole.left_out[0], apart[0], atol=2e-3)


def test_the_regression_separates_what_can_be_separated() -> None:
    features, truth = _rows(300, 0)
    fresh, expected = _rows(300, 1)
    ridge = fit_ridge(features, truth, np.ones(300), 0.1)
    quality = mean_average_precision(expected, ridge.head.logits(fresh))
    assert quality > 0.85
    assert mean_average_precision(truth, ridge.left_out) == pytest.approx(quality, abs=0.08)


def test_a_handful_of_examples_and_names_are_better_than_chance(tmp_path: Path) -> None:
    fitted = fit_cold_start(_corpus(tmp_path, 60, 0), {"refund": "refund please"}, _job(tmp_path))
    assert fitted.recipe["described_labels"] == 1
    point = choose_operating_point(fitted.held_out, seed=0)
    network = serving_network(fitted.model, fitted.tokenizer, point, "cpu")
    fresh = _corpus(tmp_path, 300, 1)
    logits = raw_scores(network, network.encode(fresh.texts))
    assert mean_average_precision(fresh.truth, logits) > 1.5 * fresh.truth.mean()


def test_equal_texts_do_not_tell_each_other_what_they_are(tmp_path: Path) -> None:
    corpus = _corpus(tmp_path, 40, 0)
    doubled = Corpus(
        texts=[*corpus.texts, *corpus.texts],
        labels=LABELS,
        truth=np.concatenate([corpus.truth, corpus.truth]),
    )
    once, twice = (fit_cold_start(c, {}, _job(tmp_path)).held_out for c in (corpus, doubled))
    assert len(set(twice.texts)) == len(twice.texts)
    np.testing.assert_allclose(twice.logits, once.logits)


def test_without_any_example_the_names_decide(tmp_path: Path) -> None:
    corpus = _corpus(tmp_path, 30, 0)
    empty = replace(corpus, truth=np.zeros_like(corpus.truth))
    fitted = fit_cold_start(empty, {}, _job(tmp_path))
    point = choose_operating_point(fitted.held_out, seed=0)
    network = serving_network(fitted.model, fitted.tokenizer, point, "cpu")
    logits = raw_scores(network, network.encode(list(LABELS)))
    assert (logits.argmax(axis=0) == np.arange(len(LABELS))).all()


@pytest.mark.parametrize(
    ("name", "description", "text"),
    [
        ("topic:fix-problems", "", "topic fix problems"),
        ("refund_dispute", "Money back.", "refund dispute. Money back."),
    ],
)
def test_a_prototype_reads_like_a_ticket(name: str, description: str, text: str) -> None:
    assert prototype(name, description) == text


def _served(shape: HeadShape | None = None) -> Served:
    labels = LABELS[:3]
    model = build_tiny_network(labels, shape=shape)
    if model.lexical is not None:
        model.lexical.keys.copy_(torch.arange(5, 5 + model.shape.terms))
        model.lexical.idf.fill_(1.0)
        torch.nn.init.normal_(model.lexical.weight)
    return Served(
        model=model,
        tokenizer=TicketTokenizer(tiny_tokenizer(), 64),
        point=OperatingPoint(
            calibration=Calibration(labels=labels, slope=(1.5,) * 3, intercept=(0.5,) * 3),
            thresholds=Thresholds.uniform(labels, 0.4),
        ),
    )


def _tickets(count: int, seed: int, word: str | None = None) -> list[str]:
    """Random words without a label's; with `word` among them where one is given."""
    chance = np.random.default_rng(seed)
    texts = [[str(w) for w in chance.choice(_PLENTY, 4)] for _ in range(count)]
    return [" ".join([*words, word, word] if word else words) for words in texts]


def _predict(served: Served, texts: list[str]) -> NDArray[np.float32]:
    return serving_network(served.model, served.tokenizer, served.point, "cpu").predict(texts)


@pytest.mark.parametrize("shape", [HeadShape(), HeadShape(terms=9, layers=(-2, -1))])
def test_the_other_labels_stay_as_they_were(shape: HeadShape) -> None:
    served = _served(shape)
    before = {name: part.clone() for name, part in served.model.state_dict().items()}
    texts = _tickets(20, 1)
    old = _predict(served, texts)
    new = add_label(served, "shipping", "", _tickets(5, 2, "shipping"), _tickets(60, 3))
    assert new.model.labels == (*LABELS[:3], "shipping")
    assert tuple(new.point.thresholds.by_label) == new.point.calibration.labels == new.model.labels
    np.testing.assert_allclose(_predict(new, texts)[:, :3], old, atol=1e-6)  # rounding of products
    assert torch.equal(_head(new)[:3], _head(served))
    assert served.model.labels == LABELS[:3]
    for name, part in served.model.state_dict().items():
        assert torch.equal(part, before[name])
    _loads_again(new.model)


def _head(served: Served) -> torch.Tensor:
    weight: torch.Tensor = served.model.state_dict()["head.weight"]
    return weight


def _loads_again(model: MultilabelTransformer) -> None:
    MultilabelTransformer.from_config(model.config_object()).load_state_dict(model.state_dict())


@pytest.mark.parametrize("examples", [0, 1, 8])
def test_a_new_label_is_told_from_the_others_by_few_examples(examples: int) -> None:
    positives = _tickets(examples, 2, "shipping")
    described = "please where shipping order shipping"
    new = add_label(_served(), "shipping", described, positives, _tickets(120, 3))
    theirs, others = (
        _predict(new, _tickets(100, seed, word))[:, -1]
        for seed, word in ((4, "shipping"), (5, None))
    )
    above = (theirs[:, None] > others[None, :]).mean()
    assert above > (0.55, 0.6, 0.75)[(examples > 0) + (examples > 1)]
    threshold = new.point.thresholds.by_label["shipping"]
    assert 0 < threshold < 1
    if examples > 1:
        assert (theirs >= threshold).mean() > (others >= threshold).mean() + 0.2


def test_what_cannot_be_added_is_refused() -> None:
    with pytest.raises(Invalid, match="name"):
        add_label(_served(), "login", "", [], _tickets(60, 3))
    with pytest.raises(Invalid, match="background"):
        add_label(_served(), "shipping", "", [], _tickets(3, 3))
    with pytest.raises(Invalid, match="hidden layer"):
        add_label(_served(HeadShape(hidden=8)), "shipping", "", [], _tickets(60, 3))
