from trainer.labels.overlaps import Overlap, overlaps

_DESCRIPTIONS = {"delivery": "", "shipping": "", "refund": "", "invoice": ""}


def _found(**changes: object) -> list[Overlap]:
    given: dict[str, object] = {
        "descriptions": _DESCRIPTIONS,
        "sets": (),
        "changes": (),
        "least_corrections": 3,
    }
    return overlaps(**{**given, **changes})  # type: ignore[arg-type]


def test_labels_that_people_exchange_overlap() -> None:
    changes = [(["delivery"], ["shipping"])] * 2 + [(["shipping"], ["delivery"])]
    (found,) = _found(changes=changes)
    assert (found.labels, found.sign, found.value) == (("delivery", "shipping"), "corrections", 3)
    assert _found(changes=changes[:2]) == []


def test_labels_that_nearly_always_come_together_overlap() -> None:
    sets = [["delivery", "shipping"]] * 30 + [["delivery"]] * 5 + [["refund", "invoice"]] * 10
    (found,) = _found(sets=sets)
    assert (found.labels, found.sign, round(found.value, 2)) == (
        ("delivery", "shipping"),
        "together",
        0.86,
    )


def test_labels_that_are_described_alike_overlap_and_short_words_tell_nothing() -> None:
    told = {
        "delivery": "where a parcel is and when it arrives",
        "shipping": "where the parcel is and when it arrives",
        "refund": "money back for something returned",
        "invoice": "money",
    }
    (found,) = _found(descriptions=told)
    assert (found.labels, found.sign) == (("delivery", "shipping"), "descriptions")


def test_a_label_that_is_not_in_use_is_left_out() -> None:
    assert _found(changes=[(["gone"], ["refund"])] * 9) == []


def test_the_key_knows_the_pair_and_the_sign() -> None:
    one = Overlap(labels=("a", "b"), sign="together", value=0.8)
    other = Overlap(labels=("a", "b"), sign="corrections", value=9)
    assert one.as_object()["key"] != other.as_object()["key"]
    assert len(one.as_object()["key"]) == 12
