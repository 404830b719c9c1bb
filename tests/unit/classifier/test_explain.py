from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from classifier.arrangement import Arrangement, Source
from classifier.explain import Carried, by_keywords, by_leaving_out, by_terms, log_odds
from classifier.explain_spans import without
from classifier.keywords import KeywordModel
from classifier.linear import LinearModel
from tests.factories.artifacts import LABELS, WORDS, build_tiny_linear
from tests.factories.served import a_served, scores_of

_COLUMNS = {label: column for column, label in enumerate(LABELS)}
_texts = st.lists(st.sampled_from([*WORDS, "the", "İs", "\n", "> order", "-- \n"]), max_size=60)


def _total(carried: Carried) -> float:
    return sum(phrase.weight for phrase in carried.phrases) + carried.aside


@given(_texts.map(" ".join))
def test_the_linear_model_is_explained_exactly(text: str) -> None:
    model = build_tiny_linear()
    odds = log_odds(model.predict([text, ""]).astype(np.float32))
    for label, carried in by_terms(text, _COLUMNS, model).items():
        column = _COLUMNS[label]
        if np.abs(odds[:, column]).max() < 12:
            gain = odds[0, column] - odds[1, column]
            assert _total(carried) == pytest.approx(gain, abs=0.05)


def test_of_several_rows_of_a_label_the_one_that_counted_is_told() -> None:
    plain = build_tiny_linear()
    both = Arrangement(sources=((Source(row=0), Source(row=1, scale=0.5)),))
    fields = {name: getattr(plain, name) for name in ("vocabulary", "idf", "coef", "intercept")}
    model = LinearModel(
        **fields,
        calibration=type(plain.calibration).identity(("money",)),
        cutoffs=type(plain.cutoffs).uniform(("money",)),
        arrangement=both,
    )
    for text in ("refund my order twice", "login password reset", "late package"):
        odds = log_odds(model.predict([text]))[0, 0]
        carried = by_terms(text, {"money": 0}, model)["money"]
        assert _total(carried) == pytest.approx(odds, abs=0.01)


def test_leaving_a_phrase_out_is_told_as_it_scores() -> None:
    served = a_served()
    text = "cannot reset my password, please refund the charge. It was late"
    labels = {label: column for column, label in enumerate(served.model.labels)}

    def score(texts: list[str]) -> NDArray[np.float32]:
        return scores_of(served, texts)

    found = by_leaving_out(text, labels, score, tokens=20)  # type: ignore[arg-type]
    for label, column in labels.items():
        for phrase in found[label].phrases:
            alone = score([without(text, [phrase.span])])[0, column]
            assert phrase.score_without == pytest.approx(float(alone), abs=1e-4)
            gain = log_odds(score([text]))[0, column] - log_odds(np.array([alone]))[0]
            assert phrase.weight == pytest.approx(gain, abs=1e-2)


def test_what_a_signature_adds_is_told_apart_from_every_phrase() -> None:
    def score(texts: list[str]) -> NDArray[np.float32]:
        return np.array([[0.9 if "refund" in text else 0.1] for text in texts], dtype=np.float32)

    text = "My parcel is late\n-- \nthe refund team of Acme"
    found = by_leaving_out(text, {"refund": 0}, score, tokens=9)["refund"]  # type: ignore[arg-type]
    assert found.aside == pytest.approx(2 * np.log(9), abs=1e-3)
    assert all(abs(phrase.weight) < 1e-6 for phrase in found.phrases)
    assert all("Acme" not in text[p.span.start : p.span.end] for p in found.phrases)


def test_matched_keywords_are_marked_where_they_stand() -> None:
    model = KeywordModel({"refund": ["money back", "STRASSE"], "crash": ["app crash"]})
    text = "I want my  Money\nback! Straße 7"
    found = by_keywords(text, {"refund": 0, "crash": 1}, model)
    spans = [text[p.span.start : p.span.end] for p in found["refund"].phrases]
    assert spans == ["Money\nback", "Straße"]
    assert found["crash"].phrases == ()


def test_the_phrases_that_are_named_carry_more_than_chance_ones() -> None:
    """The deletion test of docs/decisions/0009, on a model whose words are independent."""
    model, chance = build_tiny_linear(), np.random.default_rng(0)

    def score(texts: Sequence[str]) -> NDArray[np.float32]:
        return model.predict(texts)

    named: list[float] = []
    drawn: list[float] = []
    for seed in range(20):
        text = " ".join(map(str, np.random.default_rng(seed).choice(WORDS, 24)))
        odds = log_odds(score([text]))[0]
        column = int(odds.argmax())
        found = by_leaving_out(text, {"x": column}, score, tokens=30)["x"].phrases
        best = sorted(found, key=lambda phrase: -phrase.weight)[:2]
        some = [found[place] for place in chance.choice(len(found), 2, replace=False)]
        for chosen, drops in ((best, named), (some, drawn)):
            left = without(text, [phrase.span for phrase in chosen])
            drops.append(float(odds[column] - log_odds(score([left]))[0, column]))
    assert np.mean(named) > np.mean(drawn) + 1
    assert np.mean(np.array(named) > np.array(drawn)) > 0.8
