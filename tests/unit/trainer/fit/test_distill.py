from pathlib import Path

import numpy as np
import pytest

from classifier.encoding import TicketTokenizer, load_tokenizer
from classifier.scoring import sigmoid
from core.errors import Invalid
from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_file
from trainer.data.dataset import read_dataset
from trainer.fit.balanced import raw_logits
from trainer.fit.corpus import Corpus, Job
from trainer.fit.distill import Distillation, Lesson, best_epoch, rehearse, teach
from trainer.fit.finetune import Examples, Recipe
from trainer.fit.weights import Weighting
from trainer.job.progress import Silent

_HOW = Distillation(
    recipe=Recipe(
        epochs=4, patience_epochs=9, batch_tickets=16, learning_rate=5e-3, weighting=Weighting.NONE
    ),
    truth_share=0.0,
)


def test_targets_lie_between_teacher_and_truth() -> None:
    teacher = np.array([[2.0, -2.0]])
    truth = np.array([[1, 1]], dtype=np.uint8)
    found = Distillation(truth_share=0.25).targets(teacher, truth)
    np.testing.assert_allclose(found, 0.25 + 0.75 * sigmoid(teacher), rtol=1e-6)
    assert Distillation(truth_share=1).targets(teacher, truth).tolist() == [[1, 1]]


def test_a_temperature_softens_what_the_teacher_says() -> None:
    teacher, truth = np.array([[4.0, -4.0]]), np.zeros((1, 2), dtype=np.uint8)
    soft = Distillation(temperature=2, truth_share=0).targets(teacher, truth)
    np.testing.assert_allclose(soft, sigmoid(teacher / 2), rtol=1e-6)


@pytest.mark.parametrize("temperature", [0, -1, float("nan")])
def test_a_temperature_of_nothing_is_refused(temperature: float) -> None:
    with pytest.raises(Invalid, match="temperature"):
        Distillation(temperature=temperature)


def test_a_share_over_one_is_refused() -> None:
    with pytest.raises(Invalid, match="truth_share"):
        Distillation(truth_share=1.5)


def test_the_earliest_of_equal_epochs_is_the_best() -> None:
    assert best_epoch([{"macro_f1": f} for f in (0.1, 0.5, 0.5, 0.3)]) == 2


def test_joined_lessons_keep_their_order() -> None:
    first, second = (
        Lesson(
            examples=Examples(token_ids=[[n]], truth=np.full((1, 2), n, dtype=np.uint8)),
            teacher=np.full((1, 2), float(n)),
        )
        for n in (0, 1)
    )
    both = first.joined(second)
    assert both.examples.token_ids == [[0], [1]]
    assert both.examples.truth[:, 0].tolist() == both.teacher[:, 0].tolist() == [0, 1]


def _lesson(folder: Path, tokenizer: TicketTokenizer, seed: int) -> Lesson:
    """A teacher that knows the truth and says the opposite of the last label."""
    corpus = Corpus.of(read_dataset(labelled_file(folder / f"{seed}.jsonl", 96, seed)), LABELS)
    teacher = np.where(corpus.truth, 4.0, -4.0)
    teacher[:, -1] *= -1
    ids = tokenizer.encode(corpus.texts).token_ids
    return Lesson(examples=Examples(token_ids=ids, truth=corpus.truth), teacher=teacher)


def _job(folder: Path, name: str) -> Job:
    return Job(
        encoder=folder / "encoder",
        max_length=64,
        device="cpu",
        seed=0,
        folder=folder / name,
        progress=Silent(),
    )


def test_a_student_learns_what_its_teacher_says_and_not_what_is_true(tmp_path: Path) -> None:
    build_tiny_encoder(tmp_path / "encoder")
    tokenizer = load_tokenizer(tmp_path / "encoder", 64)
    lesson, other = (_lesson(tmp_path, tokenizer, seed) for seed in (0, 1))
    rehearsed, history = rehearse(lesson, other.examples, LABELS, _job(tmp_path, "rehearsal"), _HOW)
    assert len(history) == 4
    student = teach(lesson.joined(other), LABELS, _job(tmp_path, "student"), _HOW, epochs=4)
    for model in (rehearsed, student):
        logits = raw_logits(model, tokenizer, other.examples.token_ids, "cpu")
        assert np.corrcoef(logits[:, -1], other.teacher[:, -1])[0, 1] > 0.2
