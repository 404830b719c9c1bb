import pytest

from core.errors import Invalid
from trainer.data.dataset import Dataset
from trainer.fit.dealing import Files, deal
from trainer.job.request import Preset

_LABELS = ("a", "b")


def _file(name: str, rows: int = 40) -> Dataset:
    texts = tuple(f"{name} {row}" for row in range(rows))
    return Dataset(texts=texts, labels=tuple((_LABELS[row % 2],) for row in range(rows)))


def _files(*, val: bool = False, holdout: bool = False) -> Files:
    return Files(
        data=_file("data"),
        val=_file("val", 10) if val else None,
        holdout=_file("holdout", 10) if holdout else None,
    )


@pytest.mark.parametrize("preset", [Preset.FAST, Preset.BALANCED])
def test_a_file_alone_is_dealt_out_and_every_row_has_one_part(preset: Preset) -> None:
    parts = deal(_files(), _LABELS, preset, seed=0)
    dealt = [part.texts for part in (parts.train, parts.choice, parts.report) if part is not None]
    assert sorted(text for texts in dealt for text in texts) == sorted(_file("data").texts)
    assert (parts.choice is None) == (preset is Preset.FAST)
    assert parts.inside


def test_a_validation_file_is_chosen_on_where_something_is_chosen() -> None:
    balanced = deal(_files(val=True), _LABELS, Preset.BALANCED, seed=0)
    assert balanced.choice is not None
    assert (len(balanced.train.texts), len(balanced.choice.texts)) == (40, 10)
    assert balanced.report is None
    fast = deal(_files(val=True), _LABELS, Preset.FAST, seed=0)
    assert fast.report is not None
    assert (len(fast.train.texts), fast.choice) == (40, None)


def test_nothing_is_learned_from_or_chosen_on_a_holdout() -> None:
    for preset in (Preset.FAST, Preset.BALANCED):
        parts = deal(_files(holdout=True), _LABELS, preset, seed=0)
        assert parts.report is not None
        assert set(parts.report.texts) == set(parts.source.texts) == set(_file("holdout", 10).texts)
        assert not parts.inside
        taught = [*parts.train.texts, *(parts.choice.texts if parts.choice else ())]
        assert sorted(taught) == sorted(_file("data").texts)


def test_with_both_files_each_has_its_own_use() -> None:
    parts = deal(_files(val=True, holdout=True), _LABELS, Preset.BEST, seed=0)
    assert parts.choice is not None
    assert parts.report is not None
    assert parts.choice.texts[0].startswith("val")
    assert parts.report.texts[0].startswith("holdout")
    with pytest.raises(Invalid, match="--val: has no use in preset fast beside a holdout"):
        deal(_files(val=True, holdout=True), _LABELS, Preset.FAST, seed=0)


def test_too_few_rows_for_a_part_are_refused() -> None:
    files = Files(data=_file("data", 2), val=None, holdout=None)
    with pytest.raises(Invalid, match="too few different tickets"):
        deal(files, _LABELS, Preset.BALANCED, seed=0)
