from trainer.data.dataset import Dataset, LabelCensus
from trainer.labels.few_shot import few_shot


def _data(rows: int) -> Dataset:
    """Every row is about `a`, the last two about `odd` too."""
    names = [("a", "odd") if row >= rows - 2 else ("a",) for row in range(rows)]
    return Dataset(texts=tuple(f"text {row}" for row in range(rows)), labels=tuple(names))


_CENSUS = LabelCensus(kept=("a",), excluded={"odd": 2, "silent": 3})


def test_described_labels_that_are_not_learned_are_served_from_what_there_is() -> None:
    few = few_shot(_data(30), _CENSUS, {"a": "known", "odd": "strange"}, seed=0)
    [odd] = few.labels
    assert (odd.name, odd.description) == ("odd", "strange")
    assert odd.positives == ["text 28", "text 29"]
    assert not {*few.background} & {*odd.positives}
    assert len(few.background) == 28


def test_without_enough_other_tickets_nothing_is_served_from_few() -> None:
    assert few_shot(_data(15), _CENSUS, {"odd": "strange"}, seed=0).labels == ()
