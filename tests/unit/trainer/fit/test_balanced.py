from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.architecture import HeadShape
from classifier.encoding import TicketTokenizer
from core.errors import Invalid
from tests.factories.artifacts import LABELS, build_tiny_encoder, build_tiny_network, tiny_tokenizer
from tests.factories.labelled import labelled_file
from trainer.data.dataset import read_dataset
from trainer.fit.balanced import add_lexical, fit_balanced, fit_lexical, raw_logits
from trainer.fit.blend import choose_blend
from trainer.fit.corpus import Corpus, Job
from trainer.fit.finetune import Recipe
from trainer.job.progress import Silent


def _corpus(folder: Path, rows: int, seed: int) -> Corpus:
    return Corpus.of(read_dataset(labelled_file(folder / f"{seed}.jsonl", rows, seed)), LABELS)


def test_the_network_says_what_the_blend_of_its_parts_says(tmp_path: Path) -> None:
    corpus = _corpus(tmp_path, 150, 0)
    model, tokenizer = build_tiny_network(), TicketTokenizer(tiny_tokenizer(), 64)
    ids = tokenizer.encode(corpus.texts).token_ids
    own = raw_logits(model, tokenizer, ids, "cpu")
    lexical = fit_lexical(ids[:100], corpus.truth[:100], corpus.texts[:100])
    words = lexical.logits(ids)
    blend = choose_blend(own[100:], words[100:], corpus.truth[100:], LABELS)
    assert blend.share < 1  # the network is random and the words decide
    for share in (blend.share, 1.0):
        changed, mixed = build_tiny_network(), replace(blend, share=share)
        add_lexical(changed, lexical, mixed)
        found = raw_logits(changed, tokenizer, ids, "cpu")
        np.testing.assert_allclose(found, mixed.logits(own, words), atol=0.1)
        assert (changed.lexical is None) == (share == 1)


def test_a_head_with_a_hidden_layer_is_refused(tmp_path: Path) -> None:
    corpus = _corpus(tmp_path, 60, 0)
    tokenizer = TicketTokenizer(tiny_tokenizer(), 64)
    ids = tokenizer.encode(corpus.texts).token_ids
    lexical = fit_lexical(ids, corpus.truth, corpus.texts)
    words = lexical.logits(ids)
    blend = choose_blend(words, words, corpus.truth, LABELS)
    with pytest.raises(Invalid, match="hidden layer"):
        add_lexical(build_tiny_network(shape=HeadShape(hidden=8)), lexical, blend)


def test_words_that_decide_are_learned_beside_the_network(tmp_path: Path) -> None:
    job = Job(
        encoder=build_tiny_encoder(tmp_path / "encoder"),
        max_length=64,
        device="cpu",
        seed=0,
        folder=tmp_path / "work",
        progress=Silent(),
    )
    recipe = Recipe(epochs=1, batch_tickets=16, learning_rate=1e-3)
    train, choice = _corpus(tmp_path, 120, 0), _corpus(tmp_path, 60, 1)
    fitted = fit_balanced(train, choice, job, recipe)
    assert fitted.recipe["head_share"] < 1
    assert fitted.model.shape.terms == fitted.recipe["terms"] > 0
    served = raw_logits(
        fitted.model, fitted.tokenizer, fitted.tokenizer.encode(choice.texts).token_ids, "cpu"
    )
    np.testing.assert_allclose(served, fitted.held_out.logits, atol=0.1)
