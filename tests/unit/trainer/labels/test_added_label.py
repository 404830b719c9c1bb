import numpy as np
import pytest
import torch

from classifier.architecture import HeadShape, MultilabelTransformer
from core.errors import Invalid
from tests.factories.artifacts import LABELS
from tests.factories.served import SHAPES, a_served, scores_of, some_texts
from trainer.labels.added_label import NewLabel, add_label, background_of


@pytest.mark.parametrize("shape", SHAPES)
def test_the_other_labels_stay_as_they_were_to_the_last_bit(shape: HeadShape) -> None:
    served = a_served(shape)
    before = {name: part.clone() for name, part in served.model.state_dict().items()}
    texts = some_texts(20, 1)
    background = background_of(served, some_texts(60, 3))
    shipping = NewLabel(name="shipping", positives=some_texts(5, 2, "shipping"))
    new = add_label(served, shipping, background)
    again = add_label(new, NewLabel(name="odd", positives=["twice where"]), background)
    assert again.model.labels == (*LABELS[:3], "shipping", "odd")
    assert tuple(new.point.thresholds.by_label) == new.point.calibration.labels == new.model.labels
    assert np.array_equal(scores_of(new, texts)[:, :3], scores_of(served, texts))
    assert np.array_equal(scores_of(again, texts)[:, :4], scores_of(new, texts))
    assert served.model.labels == LABELS[:3]
    for name, part in served.model.state_dict().items():
        assert torch.equal(part, before[name])
    loaded = MultilabelTransformer.from_config(again.model.config_object())
    loaded.load_state_dict(again.model.state_dict())
    assert loaded.shape == again.model.shape


@pytest.mark.parametrize("examples", [0, 1, 8])
def test_a_new_label_is_told_from_the_others_by_few_examples(examples: int) -> None:
    new = add_label(
        a_served(),
        NewLabel(
            name="shipping",
            description="please where shipping order shipping",
            positives=some_texts(examples, 2, "shipping"),
        ),
        background_of(a_served(), some_texts(120, 3)),
    )
    theirs, others = (
        scores_of(new, some_texts(100, seed, word))[:, -1]
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
        add_label(a_served(), NewLabel(name="login"), background_of(a_served(), some_texts(60, 3)))
    with pytest.raises(Invalid, match="3 other tickets"):
        background_of(a_served(), some_texts(3, 3))
