from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.lexical import NOTHING, LexicalBranch, ngram_keys, weigh

rows = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=8), min_size=1, max_size=4)


def padded(texts: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(map(len, texts))
    ids = torch.tensor([[*text, *[0] * (longest - len(text))] for text in texts])
    mask = torch.tensor([[*[1] * len(text), *[0] * (longest - len(text))] for text in texts])
    return ids, mask


def keys_of(text: list[int]) -> set[int]:
    """The n-grams of one text, the slow way."""
    pairs = {((a + 1) << 32) + b for a, b in pairwise(text)}
    return set(text) | pairs


def branch(known: list[int], labels: int = 2) -> LexicalBranch:
    made = LexicalBranch(len(known), labels)
    made.keys.copy_(torch.tensor(sorted(known)))
    made.idf.copy_(torch.arange(1.0, len(known) + 1))
    torch.nn.init.normal_(made.weight, generator=torch.Generator().manual_seed(0))
    return made.eval()


@given(texts=rows)
def test_every_token_and_pair_counts_once_and_padding_never(texts: list[list[int]]) -> None:
    keys = ngram_keys(*padded(texts))
    for text, row in zip(texts, keys.tolist(), strict=True):
        kept = [key for key in row if key != NOTHING]
        assert sorted(kept) == sorted(keys_of(text))


@settings(max_examples=30)
@given(texts=rows)
def test_a_text_scores_the_same_alone_and_padded(texts: list[list[int]]) -> None:
    made = branch([0, 1, 3, (2 << 32) + 1, (1 << 32) + 3])
    with torch.inference_mode():
        together = made(*padded(texts))
        alone = torch.cat([made(torch.tensor([text])) for text in texts])
    torch.testing.assert_close(together, alone)


def test_the_values_of_a_text_are_idf_with_length_1() -> None:
    known, idf = torch.tensor([3, 7]), torch.tensor([1.0, 2.0])
    rows, values = weigh(ngram_keys(torch.tensor([[7, 3, 7, 9]])), known, idf)
    found = {int(r): float(v) for r, v in zip(rows[0], values[0], strict=True) if v}
    assert found == pytest.approx({0: 1 / 5**0.5, 1: 2 / 5**0.5})


def test_a_text_of_unknown_tokens_scores_0() -> None:
    assert branch([3, 4])(torch.tensor([[1, 2]])).tolist() == [[0, 0]]


def test_two_orders_of_two_tokens_are_two_pairs() -> None:
    assert not set(ngram_keys(torch.tensor([[1, 2]])).tolist()[0]) >= {
        key for key in ngram_keys(torch.tensor([[2, 1]])).tolist()[0] if key > 2
    }


def test_new_weights_add_nothing_to_the_network() -> None:
    scores = LexicalBranch(3, 2)(torch.tensor([[0, 1]]))
    assert scores.tolist() == [[0, 0]]
