from core.measures import MEASURES


def test_each_measure_is_listed_once() -> None:
    names = [measure.name for measure in MEASURES]

    assert len(names) == len(set(names))
