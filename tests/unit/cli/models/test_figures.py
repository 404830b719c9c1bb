from cli.models.figures import figure_lines, label_lines

_ONE = {"micro_f1": 0.7, "macro_f1": 0.6, "weighted_f1": 0.65, "subset_accuracy": 0.3, "ece": 0.01}


def _label(support: int) -> dict[str, float]:
    return {"precision": 0.5, "recall": 0.25, "f1": 1 / 3, "support": support, "threshold": 0.4}


def test_every_figure_has_the_linear_models_beside_it() -> None:
    lines = list(figure_lines({**_ONE, "linear": {**_ONE, "macro_f1": 0.55}}))
    assert lines[0].split() == ["model", "linear"]
    assert ["macro_f1", "0.600", "0.550"] in [line.split() for line in lines]


def test_labels_are_listed_most_frequent_first() -> None:
    labels = {"rare": _label(2), "very-common-label": _label(200)}
    lines = list(label_lines({"per_label": labels}))
    assert [line.split()[0] for line in lines] == ["label", "very-common-label", "rare"]
    assert len({len(line) for line in lines}) == 1
