from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.dataset import Dataset
from trainer.fit.ladder import NEEDS, StepName, choose_step
from trainer.job.progress import Silent
from trainer.job.request import Preset, TrainRequest
from trainer.run import _settled

_GPU = "cuda:0"


def _counts(*numbers: int) -> dict[str, int]:
    return {f"label-{place}": number for place, number in enumerate(numbers)}


@pytest.mark.parametrize(
    ("numbers", "rows", "device", "step"),
    [
        ((), 0, _GPU, StepName.COLD_START),
        ((0, 0, 0), 0, _GPU, StepName.COLD_START),
        ((7, 7, 100), 5000, _GPU, StepName.COLD_START),
        ((8, 8, 0), 49, _GPU, StepName.COLD_START),
        ((8, 8, 0), 50, _GPU, StepName.FAST),
        ((64, 64), 999, _GPU, StepName.FAST),
        ((64, 63), 1000, _GPU, StepName.BALANCED),
        ((64, 64, 3), 5000, _GPU, StepName.BEST),
        ((64, 64), 5000, "cpu", StepName.BALANCED),
        ((64, 64), 5001, "cpu", StepName.FAST),
    ],
)
def test_the_data_decide_the_step(
    numbers: tuple[int, ...], rows: int, device: str, step: StepName
) -> None:
    assert choose_step(_counts(*numbers), rows, device).name is step


def test_a_label_is_told_what_it_lacks() -> None:
    step = choose_step({"refund-dispute": 5, "login": 1, "billing": 9, "spam": 70}, 60, _GPU)
    assert step.name is StepName.FAST
    assert step.lacking == (
        "label `billing` has 9 examples: needs 55 more for balanced",
        "label `login` has 1 example: needs 7 more for fast",
        "label `refund-dispute` has 5 examples: needs 3 more for fast",
    )


def test_the_reason_names_what_the_next_step_needs() -> None:
    assert choose_step(_counts(2, 9, 3), 60, _GPU).reason == (
        "fast needs 8 examples of half of the labels, and 1 of 3 have them"
    )
    assert choose_step(_counts(70), 60, _GPU).reason == (
        "balanced needs 1000 labelled tickets, and there are 60"
    )
    assert "CPU" in choose_step(_counts(70), 6000, "cpu").reason
    assert "every step" in choose_step(_counts(70), 6000, _GPU).reason


_COUNTS = st.dictionaries(st.text(min_size=1), st.integers(0, 200), max_size=6)


@given(_COUNTS, st.integers(0, 10_000), st.integers(1, 200), st.integers(0, 10_000))
def test_more_examples_never_lower_the_step(
    counts: dict[str, int], rows: int, examples: int, more: int
) -> None:
    order = list(StepName)
    richer = {label: count + examples for label, count in counts.items()}
    before = choose_step(counts, rows, _GPU).name
    assert order.index(choose_step(richer, rows + more, _GPU).name) >= order.index(before)


@given(_COUNTS, st.integers(0, 10_000), st.sampled_from(["cpu", _GPU]))
def test_every_label_under_the_chosen_step_is_named(
    counts: dict[str, int], rows: int, device: str
) -> None:
    step = choose_step(counts, rows, device)
    below = [label for label, count in counts.items() if count < NEEDS[step.name].positives]
    assert len(step.lacking) >= len(below)


def test_every_step_is_a_preset() -> None:
    assert {step.value for step in StepName} == {preset.value for preset in Preset} - {"auto"}


class _Heard(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def _request(preset: str) -> TrainRequest:
    return TrainRequest(data=Path("d.jsonl"), out=Path("out"), preset=preset, device="cpu")


def test_auto_becomes_the_preset_of_the_step_and_says_why() -> None:
    heard = _Heard()
    assert _settled(_request("auto"), _data(60, a=20, b=5, c=1), heard).how is Preset.FAST
    assert heard.notes[0].startswith("preset fast: balanced needs 64 examples")
    assert heard.notes[2] == "label `b` has 5 examples: needs 3 more for fast"


def test_auto_starts_cold_where_no_label_has_enough_for_anything_else() -> None:
    assert _settled(_request("auto"), _data(9, a=3), Silent()).how is Preset.COLD_START


def _data(rows: int, **positives: int) -> Dataset:
    """The first rows carry the labels."""
    return Dataset(
        texts=tuple(map(str, range(rows))),
        labels=tuple(tuple(x for x, n in positives.items() if row < n) for row in range(rows)),
    )


@pytest.mark.parametrize("preset", sorted(set(Preset) - {Preset.AUTO}))
def test_a_preset_that_was_asked_for_is_kept(preset: Preset) -> None:
    assert _settled(_request(preset.value), _data(0), Silent()) == _request(preset.value)
