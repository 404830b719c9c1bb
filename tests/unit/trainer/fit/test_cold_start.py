from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_file
from trainer.data.dataset import read_dataset
from trainer.fit.cold_start import fit_cold_start, fit_ridge, prototype
from trainer.fit.corpus import Corpus, Job
from trainer.fit.head import mean_average_precision
from trainer.fit.serving import raw_scores, serving_network
from trainer.job.progress import Silent
from trainer.operating.held_out import choose_operating_point


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
