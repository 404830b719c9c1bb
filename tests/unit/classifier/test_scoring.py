import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from classifier.scoring import Calibration, Thresholds, sigmoid
from core.errors import ArtifactInvalid

LABELS = ("a", "b")
finite = st.floats(-1e6, 1e6, width=32)


@given(arrays(np.float32, (3, 2), elements=finite))
def test_sigmoid_stays_within_0_and_1_and_keeps_order(z: np.ndarray[Any, Any]) -> None:
    p = sigmoid(z)
    assert ((p >= 0) & (p <= 1)).all()
    assert (np.diff(p.ravel()[np.argsort(z.ravel())]) >= 0).all()


@given(st.floats(-30, 30))
def test_sigmoid_is_the_textbook_formula(z: float) -> None:
    assert sigmoid(np.array([z]))[0] == pytest.approx(1 / (1 + math.exp(-z)), rel=1e-12)


def test_sigmoid_of_huge_numbers_does_not_overflow() -> None:
    assert sigmoid(np.array([-1e300, -np.inf, np.inf, 1e300])).tolist() == [0, 0, 1, 1]


def test_the_identity_is_the_plain_sigmoid() -> None:
    z = np.array([[-2.0, 3.0]], dtype=np.float32)
    np.testing.assert_allclose(Calibration.identity(LABELS).scores(z), sigmoid(z), rtol=1e-6)


def test_slope_and_intercept_are_of_each_label() -> None:
    calibration = Calibration(labels=LABELS, slope=(2.0, 0.0), intercept=(1.0, -1.0))
    p = calibration.scores(np.array([[1.0, 9.0]], dtype=np.float32))
    np.testing.assert_allclose(p, sigmoid(np.array([[3.0, -1.0]])), rtol=1e-6)
    assert p.dtype == np.float32


def test_a_score_equal_to_its_threshold_counts() -> None:
    thresholds = Thresholds(by_label={"a": 0.5, "b": 0.9})
    assert thresholds.predicted(np.array([[0.5, 0.89], [0.49, 0.9]])).tolist() == [[1, 0], [0, 1]]


def test_both_survive_their_files_with_their_version(tmp_path: Path) -> None:
    calibration = Calibration(labels=LABELS, slope=(1.1, 2.0), intercept=(0.1, -3.0))
    thresholds = Thresholds(by_label={"a": 0.3, "b": 0.7})
    calibration.save(tmp_path / "calibration.json")
    thresholds.save(tmp_path / "thresholds.json")
    again = Calibration.parse((tmp_path / "calibration.json").read_bytes(), LABELS)
    assert (again, again.version) == (calibration, calibration.version)
    same = Thresholds.parse((tmp_path / "thresholds.json").read_bytes(), LABELS)
    assert (same, same.version) == (thresholds, thresholds.version)


def test_another_number_is_another_version() -> None:
    assert Thresholds.uniform(LABELS, 0.5).version != Thresholds.uniform(LABELS, 0.6).version
    assert (
        Calibration.identity(("a",)).version
        != Calibration(labels=("a",), slope=(1.0,), intercept=(0.1,)).version
    )


def test_thresholds_come_out_in_label_order_whatever_the_file_says() -> None:
    assert list(Thresholds.parse({"b": 0.1, "a": 0.2}, LABELS).by_label) == ["a", "b"]


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        {"a": 0.5},
        {"a": 0.5, "b": 0.5, "c": 0.5},
        {"a": 0.5, "b": 1.5},
        {"a": 0.5, "b": "x"},
        {"a": 0.5, "b": True},
        b'{"a": 0.5, "b": NaN}',
    ],
)
def test_damaged_thresholds_are_refused(value: object) -> None:
    with pytest.raises(ArtifactInvalid):
        Thresholds.parse(value, LABELS)


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["b", "a"]},
        {"slope": [1.0]},
        {"slope": [1.0, math.inf]},
        {"intercept": [None, 1.0]},
        {"intercept": "12"},
    ],
)
def test_a_damaged_calibration_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ArtifactInvalid):
        Calibration.parse(Calibration.identity(LABELS).as_object() | change, LABELS)
