"""What the network computes: an encoder, pooling over its tokens, and one linear score a label.

Serving and training share this module and nothing else. Shapes: b tickets, t tokens, f pooled
features, r rows of raw scores, l labels; r is l unless labels changed after the training.
"""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.initialization import no_init_weights
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.utils.logging import disable_progress_bar

from classifier.arrangement import Arrangement, parse_arrangement
from classifier.encoding import TicketTokenizer
from classifier.lexical import LexicalBranch
from core.errors import ArtifactInvalid, Invalid

POOLINGS = ("mean", "max", "first")
OWN_KEY = "pointsman"  # where config.json keeps what transformers does not know
# Keys of config.json that would let it name code to run.
_REFUSED_KEYS = ("auto_map", "custom_pipelines", "quantization_config")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadShape:
    """What is between the encoder's hidden states and the labels.

    Attributes:
        layers: hidden states to pool, as indices into them: 0 the embeddings, -1 the last layer.
        pooling: any of `mean`, `max`, `first`; all of all layers are put side by side.
        hidden: units of a layer between features and labels; 0 for none.
        dropout: share of features (and hidden units) left out in training.
        terms: n-grams of tokens that score beside the encoder (`classifier.lexical`); 0 for none.
        encoder_tokens: how many of an input's first tokens the encoder reads, 0 for all; n-grams
            are looked for in every token.
        trained: rows of the head and of the lexical branch; 0 for one a label.
        added: rows that were fitted beside the trained ones, on the same features.
        arrangement: how trained and added rows become labels; None for one a label, in order.
    """

    layers: tuple[int, ...] = (-1,)
    pooling: tuple[str, ...] = ("mean",)
    hidden: int = 0
    dropout: float = 0.1
    terms: int = 0
    encoder_tokens: int = 0
    trained: int = 0
    added: int = 0
    arrangement: Arrangement | None = None


# While transformers loads weights it changes torch's initialisers for the whole process.
_ALONE = threading.Lock()


class MultilabelTransformer(nn.Module):
    """Encoder, masked pooling, dropout, linear head; raw scores out, one a label.

    Attributes:
        encoder: a transformers encoder without its own pooler.
        labels: label order of the head's outputs.
        shape: of the head.
        head: `nn.Linear`, or two of them around a GELU when `shape.hidden` is set.
        lexical: None unless `shape.terms` is set; its scores are added to the head's.
        added: `shape.added` single rows, each an `nn.Linear` of its own, so that another one
            leaves the bits of their scores alone.
    """

    rows: Tensor
    scales: Tensor
    shifts: Tensor

    def __init__(
        self, encoder: PreTrainedModel, labels: Sequence[str], shape: HeadShape | None = None
    ) -> None:
        super().__init__()
        if getattr(encoder, "pooler", None) is not None:
            # Its weights would be stored and trained for nothing.
            encoder.add_module("pooler", None)
        self.encoder = encoder
        self.labels = tuple(labels)
        self.shape = shape or HeadShape()
        self.dropout = nn.Dropout(self.shape.dropout)
        trained = self.shape.trained or len(self.labels)
        self.head = _head(self.feature_size, trained, self.shape)
        terms = self.shape.terms
        self.lexical = LexicalBranch(terms, trained) if terms else None
        self.added = nn.ModuleList(nn.Linear(self.feature_size, 1) for _ in range(self.shape.added))
        if self.shape.arrangement is not None:
            rows, scales, shifts = map(torch.from_numpy, self.shape.arrangement.arrays())
            self.register_buffer("rows", rows, persistent=False)  # (l, k), like the others
            self.register_buffer("scales", scales, persistent=False)
            self.register_buffer("shifts", shifts, persistent=False)

    @property
    def feature_size(self) -> int:
        """Pooled features f a text."""
        size = int(self.encoder.config.hidden_size)
        return size * len(self.shape.layers) * len(self.shape.pooling)

    @property
    def pad_id(self) -> int:
        """The token id that fills rows up; the mask hides it."""
        return int(getattr(self.encoder.config, "pad_token_id", None) or 0)

    def cost(self, token_ids: Sequence[int]) -> int:
        """How many tokens of a text the encoder has to read, which is nearly all the work."""
        return min(len(token_ids), self.shape.encoder_tokens or len(token_ids))

    def features(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Pooled hidden states in float32, shape (b, f).

        Args:
            input_ids: (b, t).
            attention_mask: (b, t), 1 for tokens and 0 for padding; None when nothing is padding.
        """
        if self.shape.encoder_tokens:
            input_ids = input_ids[:, : self.shape.encoder_tokens]
        if attention_mask is not None:
            attention_mask = attention_mask[:, : input_ids.shape[1]]
        every_layer = self.shape.layers != (-1,)
        out = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=every_layer
        )
        states = out.hidden_states if every_layer else [out.last_hidden_state]
        pooled = [
            pool(states[layer].float(), attention_mask, how)  # (b, hidden size)
            for layer in self.shape.layers
            for how in self.shape.pooling
        ]
        return torch.cat(pooled, dim=1)  # (b, f)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Raw scores, shape (b, l); arguments as for `features`."""
        return self.scores(self.features(input_ids, attention_mask), input_ids, attention_mask)

    def scores(
        self, features: Tensor, input_ids: Tensor, attention_mask: Tensor | None = None
    ) -> Tensor:
        """Raw scores, shape (b, l), of texts whose features (b, f) are there already."""
        features = self.dropout(features)
        raw: Tensor = self.head(features)
        if self.lexical is not None:
            raw = raw + self.lexical(input_ids, attention_mask)
        if self.shape.arrangement is None:
            return raw  # (b, l)
        raw = torch.cat([raw, *(row(features) for row in self.added)], dim=1)  # (b, r)
        return (raw[:, self.rows] * self.scales + self.shifts).amax(dim=2)  # (b, l)

    def config_object(self) -> dict[str, Any]:
        """What `config.json` holds: the encoder's configuration, the labels and the head."""
        config: dict[str, Any] = json.loads(self.encoder.config.to_json_string(use_diff=False))
        return config | {
            "architectures": [type(self).__name__],
            "problem_type": "multi_label_classification",
            "id2label": {str(i): label for i, label in enumerate(self.labels)},
            "label2id": {label: i for i, label in enumerate(self.labels)},
            OWN_KEY: asdict(self.shape),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "MultilabelTransformer":
        """The network of a `config.json`; its weights are not set, so they must be loaded.

        Raises:
            ArtifactInvalid: the configuration names code, or no encoder that transformers knows.
        """
        labels = _labels_of(config)
        shape = _shape_of(config, len(labels))
        encoder_config = _encoder_config(config)
        build = partial(cast(Callable[..., PreTrainedModel], AutoModel.from_config), encoder_config)
        with _ALONE, no_init_weights():  # 1 s for MiniLM, for numbers that are overwritten
            return cls(_with_attention(build), labels, shape)

    @classmethod
    def from_encoder(
        cls, folder: Path, labels: Sequence[str], shape: HeadShape | None = None
    ) -> "MultilabelTransformer":
        """A pretrained encoder (`encoders.resolve_encoder` gives its folder) under a new head.

        Raises:
            Invalid: the folder holds no encoder that can be loaded without running its code.
        """
        cast(Callable[[], None], disable_progress_bar)()
        build = partial(
            AutoModel.from_pretrained,
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
        )
        try:
            with _ALONE:
                encoder = _with_attention(build)
        except (OSError, ValueError, KeyError) as error:
            fix = "name an encoder that transformers knows, with safetensors weights"
            raise Invalid("encoder", "cannot be loaded", fix) from error
        if encoder.config.is_encoder_decoder:
            raise Invalid("encoder", "has a decoder", "name an encoder such as BERT")
        return cls(encoder, labels, shape)


def pool(states: Tensor, mask: Tensor | None, how: str) -> Tensor:
    """Hidden states (b, t, h) to one vector a text (b, h), padding left out.

    Args:
        states: hidden states.
        mask: (b, t), 1 for tokens; None when nothing is padding.
        how: `mean` (Reimers and Gurevych, "Sentence-BERT", 2019), `max` or `first`.
    """
    if how == "first":
        return states[:, 0]
    if mask is None:
        return states.mean(dim=1) if how == "mean" else states.amax(dim=1)
    kept = mask.unsqueeze(-1)  # (b, t, 1)
    if how == "max":
        return states.masked_fill(kept == 0, torch.finfo(states.dtype).min).amax(dim=1)
    return (states * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)


def save_network(model: MultilabelTransformer, tokenizer: TicketTokenizer, folder: Path) -> None:
    """Writes `model.safetensors` (float32 and int64), `config.json` and the tokenizer's files."""
    weights = {name: part.detach().cpu().contiguous() for name, part in model.state_dict().items()}
    exact = {name: p.float() if p.is_floating_point() else p for name, p in weights.items()}
    save_file(exact, folder / "model.safetensors")
    text = json.dumps(model.config_object(), indent=1, ensure_ascii=False)
    (folder / "config.json").write_text(text, encoding="utf-8")
    tokenizer.save(folder)


def _head(features: int, labels: int, shape: HeadShape) -> nn.Module:
    if unknown := set(shape.pooling) - set(POOLINGS):
        raise Invalid("pooling", f"{sorted(unknown)} is not known", f"use {', '.join(POOLINGS)}")
    if not shape.hidden:
        return nn.Linear(features, labels)
    between = nn.Sequential(nn.Linear(features, shape.hidden), nn.GELU())
    return nn.Sequential(between, nn.Dropout(shape.dropout), nn.Linear(shape.hidden, labels))


def _labels_of(config: dict[str, Any]) -> tuple[str, ...]:
    try:
        names = config["id2label"]
        return tuple(str(names[str(i)]) for i in range(len(names)))
    except (KeyError, TypeError) as error:
        raise ArtifactInvalid("config.json: id2label does not count from 0") from error


def _shape_of(config: dict[str, Any], labels: int) -> HeadShape:
    try:
        fields = dict(config[OWN_KEY])
        layers, pooling = tuple(fields.pop("layers")), tuple(fields.pop("pooling"))
        raw = fields.pop("arrangement", None)
        shape = HeadShape(layers=layers, pooling=pooling, **fields)
        rows = (shape.trained or labels) + shape.added
        found = None if raw is None else parse_arrangement(raw, labels=labels, rows=rows)
        return replace(shape, arrangement=found)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactInvalid(f"config.json: {OWN_KEY} does not describe a head") from error


def _with_attention(build: Callable[..., PreTrainedModel]) -> PreTrainedModel:
    """Builds with torch's fused attention; a configuration could name a kernel on the hub."""
    try:
        return build(attn_implementation="sdpa")
    except ValueError:  # an encoder for which transformers has no fused attention
        return build(attn_implementation="eager")


def _encoder_config(config: dict[str, Any]) -> PreTrainedConfig:
    """The encoder's part of `config.json`, without what could name code."""
    if refused := [key for key in _REFUSED_KEYS if config.get(key)]:
        raise ArtifactInvalid(f"config.json: {refused[0]} is not loaded")
    kind = str(config.get("model_type"))
    if kind not in CONFIG_MAPPING:
        raise ArtifactInvalid(f"config.json: model_type {kind!r} is not known")
    left_out = {OWN_KEY, "_attn_implementation", "attn_implementation", "experts_implementation"}
    fields = {key: value for key, value in config.items() if key not in left_out}
    return CONFIG_MAPPING[kind].from_dict(fields | {"dtype": "float32"})
