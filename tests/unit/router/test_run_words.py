import pytest

from router.run_words import duration_words, progress_words


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "a second"),
        (30, "30 seconds"),
        (59, "a minute"),
        (89, "a minute"),
        (118, "2 minutes"),
        (3600, "60 minutes"),
        (9000, "2 hours"),
    ],
)
def test_durations_are_as_coarse_as_people_say_them(seconds: float, said: str) -> None:
    assert duration_words(seconds) == said


def test_a_step_that_is_not_known_is_called_what_it_calls_itself() -> None:
    assert progress_words({"stage": "polishing"}) == "Polishing."


def test_what_is_not_known_is_left_out() -> None:
    assert progress_words({}) == "Getting ready."
    assert progress_words({"stage": "head", "fraction": 0.5, "eta_s": None}) == (
        "Training the head, 50% of this step."
    )
