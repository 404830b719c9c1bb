import re
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.measure.metrics import Marks
from trainer.reporting.pictures import (
    Picture,
    course,
    heat_map,
    precision_recall,
    reliability,
    threshold_curves,
)

NASTY = "<b>& $x^{ 漢字 -->"


@pytest.fixture
def column() -> tuple[Marks, NDArray[np.float64]]:
    chance = np.random.default_rng(0)
    scores = chance.random(3000)
    return (chance.random(3000) < scores).astype(np.uint8), scores


def _all(truth: Marks, scores: NDArray[np.float64]) -> list[Picture]:
    return [
        precision_recall(NASTY, truth, scores, scores, (0.5, 0.6)),
        reliability(NASTY, truth, scores, 0.01),
        threshold_curves(NASTY, truth, scores, 0.4),
        heat_map("map", "a map", np.array([[0.5, -0.5], [0.0, 1.0]]), (NASTY, "b" * 90)),
        course("loss", [{"epoch": 1.0, "loss": 0.5}, {"epoch": 2.0, "loss": 0.25}], "epoch"),
    ]


def test_every_picture_is_small_well_formed_and_has_words(
    column: tuple[Marks, NDArray[np.float64]],
) -> None:
    for picture in _all(*column):
        assert ElementTree.fromstring(picture.svg).tag == "svg"
        assert len(picture.svg) < 15_000
        assert picture.alt
        assert picture.caption


def test_colours_and_fonts_are_left_to_the_page(column: tuple[Marks, NDArray[np.float64]]) -> None:
    for picture in _all(*column):
        assert "var(--ink)" in picture.svg
        assert not re.search(r"#[0-9a-f]{6}\b|DejaVu|http", re.sub(r'"#\w+"', "", picture.svg))


def test_equal_pictures_are_equal_and_others_share_no_id(
    column: tuple[Marks, NDArray[np.float64]],
) -> None:
    first, again = _all(*column), _all(*column)
    assert first == again
    ids = [set(re.findall(r'\bid="([^"]+)"', picture.svg)) for picture in first]
    assert all(ids)
    assert len(set.union(*ids)) == sum(map(len, ids))


def test_a_longer_curve_takes_no_more_room(column: tuple[Marks, NDArray[np.float64]]) -> None:
    truth, scores = column
    few = precision_recall("a", truth[:200], scores[:200], scores[:200], (0.5, 0.5))
    many = precision_recall("a", truth, scores, scores, (0.5, 0.5))
    assert len(many.svg) < 1.5 * len(few.svg)


def test_a_cell_is_as_opaque_as_its_value_and_zero_is_not_drawn() -> None:
    values = np.array([[0.25, -0.75], [0.0, 0.0]])
    svg = heat_map("map", "a map", values, ("a", "b")).svg
    cells = re.findall(r"fill: var\((--\w+)\); fill-opacity: ([\d.]+)", svg)
    assert sorted(cells) == [("--accent", "0.75"), ("--ours", "0.25")]


def test_notes_quote_the_figures() -> None:
    truth, scores = np.array([0, 1], dtype=np.uint8), np.array([0.1, 0.9])
    assert reliability("a", truth, scores, 0.1234).note == "ECE 0.123"
    assert threshold_curves("a", truth, scores, 0.4).note == "at 0.40"
    assert course("loss", [{"rows": 10.0, "loss": 0.25}], "rows").note == "0.250"


def test_one_row_draws_without_a_warning() -> None:
    truth, scores = np.array([1], dtype=np.uint8), np.array([1.0])
    assert len(_all(truth, scores)) == 5
