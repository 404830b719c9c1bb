"""What a student learns from a teacher: the teacher's probabilities, with the truth mixed in.

Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015. Where the paper
adds two losses, the mean of both targets is learned with one: cross-entropy is linear in its
target, so without a temperature this is the same. Shapes: b tickets, l labels.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer
from classifier.scoring import sigmoid
from core.errors import Invalid
from trainer.fit.balanced import fine_tuned
from trainer.fit.corpus import Job
from trainer.fit.finetune import Examples, Recipe
from trainer.fit.weights import Weighting


@dataclass(frozen=True, slots=True, kw_only=True)
class Distillation:
    """How a student is taught.

    Attributes:
        recipe: of the student. Its targets are probabilities, so the loss is plain cross-entropy.
        temperature: what the teacher's logits are divided by, > 0; over 1 softens what it says,
            which the student's calibration undoes.
        truth_share: weight of the hard labels in [0, 1]; the teacher has the rest.
    """

    recipe: Recipe = field(default_factory=lambda: Recipe(weighting=Weighting.NONE))
    temperature: float = 1.0
    truth_share: float = 0.5

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise Invalid("temperature", f"is {self.temperature}", "use a number over 0")
        if not 0 <= self.truth_share <= 1:
            raise Invalid("truth_share", f"is {self.truth_share}", "use a number from 0 to 1")

    def targets(
        self, teacher: NDArray[np.floating[Any]], truth: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """What the student learns, in [0, 1], shape (b, l).

        Args:
            teacher: calibrated logits, shape (b, l).
            truth: 0 and 1, shape (b, l).
        """
        soft = sigmoid(teacher / self.temperature)
        mixed = self.truth_share * truth + (1 - self.truth_share) * soft
        return np.asarray(mixed, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesson:
    """Rows that a student is taught with.

    Attributes:
        examples: with hard labels.
        teacher: the teacher's calibrated logits of them, shape (b, l).
    """

    examples: Examples
    teacher: NDArray[np.floating[Any]]

    def soft(self, how: Distillation) -> Examples:
        """The rows with what the student is to say of them."""
        truth = self.examples.truth.astype(np.uint8)
        return Examples(token_ids=self.examples.token_ids, truth=how.targets(self.teacher, truth))

    def joined(self, other: "Lesson") -> "Lesson":
        """These rows and then those."""
        mine, theirs = self.examples, other.examples
        return Lesson(
            examples=Examples(
                token_ids=[*mine.token_ids, *theirs.token_ids],
                truth=np.concatenate([mine.truth, theirs.truth]).astype(np.uint8),
            ),
            teacher=np.concatenate([self.teacher, other.teacher]),
        )


def rehearse(
    lesson: Lesson, choice: Examples, labels: tuple[str, ...], job: Job, how: Distillation
) -> tuple[MultilabelTransformer, list[dict[str, float]]]:
    """A student that has not seen `choice`, at its best epoch there, and its history."""
    return fine_tuned(lesson.soft(how), choice, labels, job, how.recipe)


def teach(
    lesson: Lesson, labels: tuple[str, ...], job: Job, how: Distillation, epochs: int
) -> MultilabelTransformer:
    """The student that serves: taught with all rows, for as many epochs as a rehearsal needed."""
    recipe = replace(how.recipe, epochs=epochs)
    model, _ = fine_tuned(lesson.soft(how), None, labels, job, recipe)
    return model


def best_epoch(history: list[dict[str, float]]) -> int:
    """The epoch with the best `macro_f1`, from 1; the earliest of equal ones."""
    best = max(range(len(history)), key=lambda place: (history[place]["macro_f1"], -place))
    return best + 1
