"""A network whose labels are read from its rows in another way, with all its weights as they were.

Shapes: r rows, l labels.
"""

from collections.abc import Sequence
from dataclasses import replace

from torch import nn

from classifier.architecture import MultilabelTransformer
from classifier.arrangement import Arrangement


def arrangement_of(model: MultilabelTransformer) -> Arrangement:
    """How its rows become labels, also where training left a row for each."""
    return model.shape.arrangement or Arrangement.plain(len(model.labels))


def row_count(model: MultilabelTransformer) -> int:
    """r, trained and added."""
    return (model.shape.trained or len(model.labels)) + model.shape.added


def rearranged(
    model: MultilabelTransformer,
    labels: Sequence[str],
    arrangement: Arrangement,
    fresh: Sequence[nn.Linear] = (),
) -> MultilabelTransformer:
    """Another network of the same modules; the one given stays as it is.

    Args:
        model: whose encoder and rows are shared.
        labels: l names.
        arrangement: of them, over the rows that there are and the fresh ones behind them.
        fresh: rows to add, each from features to one score.
    """
    shape = replace(
        model.shape,
        trained=model.shape.trained or len(model.labels),
        added=model.shape.added + len(fresh),
        arrangement=arrangement,
    )
    other = MultilabelTransformer(model.encoder, labels, shape)
    other.head, other.lexical = model.head, model.lexical
    other.added = nn.ModuleList([*model.added, *fresh])
    device = next(model.parameters()).device
    return other.to(device).eval()
