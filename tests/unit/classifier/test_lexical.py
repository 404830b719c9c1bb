import pytest
import torch

from classifier.architecture import HeadShape, MultilabelTransformer
from classifier.lexical import NOTHING, LexicalBranch, ngram_keys, weigh
from tests.factories.artifacts import LABELS, build_tiny_network


def _pair(first: int, second: int) -> int:
    return (first + 1) << 32 | second


def test_tokens_and_pairs_are_each_there_once() -> None:
    keys = ngram_keys(torch.tensor([[7, 8, 7, 8]]))
    assert keys.tolist() == [[7, NOTHING, 8, NOTHING, _pair(7, 8), NOTHING, _pair(8, 7)]]


def test_padding_has_no_ngrams() -> None:
    ids, mask = torch.tensor([[7, 8, 0, 0]]), torch.tensor([[1, 1, 0, 0]])
    kept = [key for key in ngram_keys(ids, mask)[0].tolist() if key != NOTHING]
    assert kept == [7, 8, _pair(7, 8)]


def test_values_of_known_ngrams_have_length_one_and_others_are_nothing() -> None:
    known, idf = torch.tensor([7, 8, 9]), torch.tensor([3.0, 4.0, 5.0])
    _, values = weigh(torch.tensor([[NOTHING, 7, 8, 11]]), known, idf)
    assert values[0].tolist() == pytest.approx([0, 0.6, 0.8, 0])
    _, values = weigh(torch.tensor([[NOTHING, 11]]), known, idf)
    assert values.tolist() == [[0, 0]]


def test_the_branch_adds_the_weights_of_what_it_finds() -> None:
    branch = LexicalBranch(terms=2, labels=2)
    branch.keys.copy_(torch.tensor([7, _pair(7, 8)]))
    branch.idf.fill_(1.0)
    branch.weight.data.copy_(torch.tensor([[1.0, 0.0], [0.0, -1.0]]))
    scores = branch(torch.tensor([[7, 8], [8, 7], [8, 8]]))
    half = 0.5**0.5
    assert scores.tolist() == [pytest.approx([half, -half]), [1, 0], [0, 0]]


def test_the_network_adds_the_branch_to_its_head_whatever_the_padding() -> None:
    model = build_tiny_network(shape=HeadShape(terms=3))
    assert model.lexical is not None
    model.lexical.keys.copy_(torch.tensor([7, 8, 9]))
    model.lexical.idf.fill_(1.0)
    ids = torch.tensor([[2, 7, 8, 3]])
    with torch.inference_mode():
        plain = model(ids)
        model.lexical.weight.data.fill_(2.0)
        more = model(ids)
        longer = torch.nn.functional.pad(ids, (0, 3))
        same = model(longer, (torch.arange(7) < 4).long().unsqueeze(0))
    assert (more - plain).flatten().tolist() == pytest.approx([2 * 2**0.5] * len(LABELS), abs=1e-4)
    assert same.tolist() == [pytest.approx(more[0].tolist(), abs=1e-4)]


def test_a_configuration_tells_the_size_of_the_branch() -> None:
    model = build_tiny_network(shape=HeadShape(terms=3))
    again = MultilabelTransformer.from_config(model.config_object())
    again.load_state_dict(model.state_dict())
    assert again.shape.terms == 3
