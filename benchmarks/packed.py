"""Texts packed one behind the other, without padding, through an encoder of transformers.

What serves does not pack: nobody could measure it on a GPU yet, and this is what will. On CUDA
attention is `torch.nn.attention.varlen`; on a CPU, where torch has no such kernel, each text
attends to itself by a call of its own, which is slow and says whether the rest is right.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.attention.varlen import varlen_attn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

NAME = "packed"


def mean_packed(encoder: PreTrainedModel, token_ids: Sequence[Sequence[int]]) -> Tensor:
    """Mean of the last states of each text, shape (b, h), in float32.

    Args:
        encoder: built with `attn_implementation` set to `NAME`, which `register` made known.
        token_ids: none of them empty.
    """
    lengths = torch.tensor([len(ids) for ids in token_ids], device=encoder.device)
    ends = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)]).to(torch.int32)
    flat = torch.tensor([one for ids in token_ids for one in ids], device=encoder.device)
    places = torch.cat([torch.arange(len(ids)) for ids in token_ids]).to(encoder.device)
    longest = max(len(ids) for ids in token_ids)
    states = encoder(
        input_ids=flat[None], position_ids=places[None], ends=ends, longest=longest
    ).last_hidden_state[0]  # (t, h)
    owner = torch.repeat_interleave(torch.arange(len(token_ids), device=flat.device), lengths)
    sums = states.new_zeros((len(token_ids), states.shape[1]), dtype=torch.float32)
    mean: Tensor = sums.index_add_(0, owner, states.float()) / lengths[:, None]
    return mean


def register() -> None:
    """Makes the attention known to transformers; `ends` and `longest` reach it by its arguments."""
    cast(Any, AttentionInterface).register(NAME, _attend)


def _attend(
    _module: Any, query: Tensor, key: Tensor, value: Tensor, _mask: Any, **told: Any
) -> tuple[Tensor, None]:
    """Query, key and value (1, heads, t, d) to (1, t, heads, d)."""
    ends, longest = told["ends"], told["longest"]
    if query.device.type == "cuda":
        q, k, v = (one[0].transpose(0, 1).contiguous() for one in (query, key, value))
        return cast(Tensor, varlen_attn(q, k, v, ends, ends, longest, longest))[None], None
    own = [
        scaled_dot_product_attention(
            query[:, :, begin:end], key[:, :, begin:end], value[:, :, begin:end]
        )
        for begin, end in pairwise(ends.tolist())
    ]
    return torch.cat(own, dim=2).transpose(1, 2), None
