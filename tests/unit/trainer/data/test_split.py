import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.split import folds, split_rows


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=30),
    st.integers(0, 5),
    st.sampled_from([(0.8, 0.2), (0.5, 0.5), (0.7, 0.15, 0.15)]),
)
def test_every_row_is_in_one_part_and_no_text_in_two(
    texts: list[str], seed: int, shares: tuple[float, ...]
) -> None:
    truth = np.random.default_rng(seed).integers(0, 2, (len(texts), 3)).astype(np.uint8)
    parts = split_rows(texts, truth, shares, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(texts)))
    sides = [{texts[row] for row in part} for part in parts]
    assert sum(map(len, sides)) == len(set(texts))


def test_each_part_has_its_share_of_every_label() -> None:
    truth = (np.random.default_rng(0).random((1000, 4)) < [0.5, 0.2, 0.05, 0.02]).astype(np.uint8)
    texts = [str(row) for row in range(1000)]
    for part in folds(texts, truth, 5, seed=1):
        shares = truth[part].sum(axis=0) / truth.sum(axis=0)
        assert np.abs(shares - 0.2).max() < 0.06


def test_the_seed_decides() -> None:
    truth = np.zeros((40, 1), dtype=np.uint8)
    texts = [str(row) for row in range(40)]
    one, same, other = (split_rows(texts, truth, (0.5, 0.5), seed)[0] for seed in (1, 1, 2))
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()
