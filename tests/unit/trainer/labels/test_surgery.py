from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from classifier.architecture import HeadShape
from classifier.scoring import Thresholds
from core.errors import Invalid
from tests.factories.artifacts import LABELS, build_tiny_linear
from tests.factories.served import SHAPES, a_served, scores_of, some_texts
from trainer.labels.added_label import NewLabel, background_of
from trainer.labels.surgery import Body, Group, merge_groups, regrouped, with_new

_BILLING, _LOGIN, _REFUND, _SHIPPING = LABELS
_TEXTS = some_texts(20, 1) + some_texts(20, 2, "refund") + some_texts(20, 3, "login")
_FIGURES = {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 7, "threshold": 0.3}
_METRICS = {
    "micro_f1": 0.6,
    "macro_f1": 0.5,
    "per_label": {name: _FIGURES | {"f1": 0.2 * n} for n, name in enumerate(LABELS, 1)},
    "ece_per_label": dict.fromkeys(LABELS, 0.01),
    "linear": {"macro_f1": 0.4, "per_label": dict.fromkeys(LABELS, _FIGURES)},
    "measured_on": "the validation file",
}


def _body(shape: HeadShape | None = None) -> Body:
    """Thresholds are such that each label is predicted on 3 of 10 texts."""
    served = a_served(shape, LABELS)
    linear = replace(build_tiny_linear(LABELS), calibration=served.point.calibration)
    point = replace(served.point, thresholds=_cuts(scores_of(served, _TEXTS)))
    return Body(
        served=replace(served, point=point),
        linear=replace(linear, cutoffs=_cuts(linear.predict(_TEXTS))),
        metrics=_METRICS,
    )


def _cuts(scores: NDArray[Any]) -> Thresholds:
    found = np.quantile(scores.astype(float), 0.7, axis=0, method="midpoint")
    return Thresholds(by_label=dict(zip(LABELS, found.tolist(), strict=True)))


def _scores(body: Body) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """Label to what the network and the linear model say of each text."""
    network, linear = scores_of(body.served, _TEXTS), body.linear.predict(_TEXTS)
    return {name: (network[:, n], linear[:, n]) for n, name in enumerate(body.labels)}


def _predicted(body: Body) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    cuts = body.served.point.thresholds.by_label
    return {
        name: (ours >= cuts[name], theirs >= body.linear.thresholds[name])
        for name, (ours, theirs) in _scores(body).items()
    }


def _same(first: tuple[NDArray[Any], ...], second: tuple[NDArray[Any], ...]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(first, second, strict=True))


def _renamed(body: Body, old: str, new: str) -> Body:
    return regrouped(body, merge_groups(body.labels, (old,), new))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_renamed_label_keeps_its_scores_and_everybody_else_theirs(shape: HeadShape) -> None:
    body = _body(shape)
    renamed = _renamed(body, _REFUND, "money back")
    assert renamed.labels == (_BILLING, _LOGIN, "money back", _SHIPPING) == renamed.linear.labels
    before, after = _scores(body), _scores(renamed)
    for old, new in zip(body.labels, renamed.labels, strict=True):
        assert _same(before[old], after[new])
    assert body.labels == LABELS


@pytest.mark.parametrize("shape", SHAPES)
def test_a_retired_label_is_gone_and_the_others_keep_their_scores(shape: HeadShape) -> None:
    body = _body(shape)
    left = regrouped(body, [Group(name=x, parts=(x,)) for x in LABELS if x != _LOGIN])
    assert left.labels == (_BILLING, _REFUND, _SHIPPING) == left.linear.labels
    before, after = _scores(body), _scores(left)
    assert all(_same(before[name], after[name]) for name in left.labels)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("into", ["money", _LOGIN])
def test_a_merged_label_is_predicted_exactly_where_one_of_its_parts_was(
    shape: HeadShape, into: str
) -> None:
    body = _body(shape)
    merged = regrouped(body, merge_groups(body.labels, (_LOGIN, _SHIPPING), into))
    assert merged.labels == (_BILLING, into, _REFUND)
    before, after = _scores(body), _scores(merged)
    assert all(_same(before[name], after[name]) for name in (_BILLING, _REFUND))
    was, now = _predicted(body), _predicted(merged)
    for model in (0, 1):
        assert 0 < now[into][model].mean() < 1, "the texts tell something"
        assert (now[into][model] == (was[_LOGIN][model] | was[_SHIPPING][model])).all()


def test_a_merged_label_has_the_highest_score_where_thresholds_agree() -> None:
    body = _body()
    even = replace(body.served.point.thresholds, by_label=dict.fromkeys(LABELS, 0.4))
    point = replace(body.served.point, thresholds=even)
    body = replace(body, served=replace(body.served, point=point))
    merged = regrouped(body, merge_groups(LABELS, (_LOGIN, _SHIPPING), "money"))
    before, after = _scores(body), _scores(merged)
    highest = np.maximum(before[_LOGIN][0], before[_SHIPPING][0])
    np.testing.assert_allclose(after["money"][0], highest, atol=1e-6)


def test_what_was_operated_on_can_be_operated_on_again() -> None:
    body = _body(SHAPES[2])
    first = regrouped(body, merge_groups(LABELS, (_LOGIN, _SHIPPING), "money"))
    second = regrouped(first, merge_groups(first.labels, ("money", _REFUND), "all of it"))
    was, now = _predicted(body), _predicted(second)
    parts = np.array([was[name][0] for name in (_LOGIN, _SHIPPING, _REFUND)])
    assert (now["all of it"][0] == parts.any(axis=0)).all()
    assert _same(_scores(second)[_BILLING], _scores(body)[_BILLING])


@pytest.mark.parametrize("shape", SHAPES)
def test_an_added_label_leaves_all_others_alone_and_the_linear_model_never_predicts_it(
    shape: HeadShape,
) -> None:
    body = regrouped(_body(shape), merge_groups(LABELS, (_LOGIN, _REFUND), "money"))
    new = NewLabel(name="odd", description="twice", positives=some_texts(8, 5, "invoice"))
    added = with_new(body, new, background_of(body.served, some_texts(40, 6)))
    assert added.labels == (*body.labels, "odd") == added.linear.labels
    before, after = _scores(body), _scores(added)
    assert all(_same(before[name], after[name]) for name in body.labels)
    assert len({*after["odd"][1].tolist()}) == 1
    assert not _predicted(added)["odd"][1].any()


def test_a_model_without_labels_is_refused() -> None:
    with pytest.raises(Invalid, match="none would be left"):
        regrouped(_body(), [])


def test_figures_stand_while_what_they_are_about_does() -> None:
    renamed = _renamed(_body(), _REFUND, "money back").metrics
    assert renamed["micro_f1"] == 0.6
    assert "money back" in renamed["per_label"]
    assert _REFUND not in renamed["per_label"]
    merged = regrouped(_body(), merge_groups(LABELS, (_LOGIN, _SHIPPING), "money")).metrics
    assert "micro_f1" not in merged
    assert set(merged["per_label"]) == set(merged["ece_per_label"]) == {_BILLING, _REFUND}
    assert merged["macro_f1"] == pytest.approx((0.2 + 0.6) / 2)
    assert set(merged["linear"]) == {"per_label"}
    background = background_of(_body().served, some_texts(20, 6))
    added = with_new(_body(), NewLabel(name="odd"), background).metrics
    assert set(added["per_label"]) == set(LABELS)
    assert "micro_f1" not in added
    assert added["measured_on"] == "the validation file"


@given(st.sets(st.sampled_from(LABELS), min_size=1), st.sampled_from((*LABELS, "new")))
def test_a_merge_has_every_label_in_exactly_one_place(parts: set[str], into: str) -> None:
    groups = merge_groups(LABELS, sorted(parts), into)
    assert sorted(part for group in groups for part in group.parts) == sorted(LABELS)
    assert len({group.name for group in groups}) == len(groups)
