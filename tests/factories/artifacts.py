"""Random tiny encoders and whole artifacts, built in code: nothing is fetched or trained."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel

from classifier.architecture import HeadShape, MultilabelTransformer, save_network
from classifier.artifacts import Artifact, publish
from classifier.encoding import TicketTokenizer
from classifier.golden import Golden
from classifier.labels import LabelSet
from classifier.linear import LinearModel
from classifier.manifest import Facts
from classifier.scoring import Calibration, Thresholds
from classifier.transformer import Network

LABELS = ("billing", "login", "refund", "shipping")
WORDS = (
    *("account", "billing", "broken", "cannot", "card", "charge", "invoice", "late", "login"),
    *("order", "package", "password", "payment", "please", "refund", "reset", "ship"),
    *("shipping", "twice", "where"),
)
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?-'"


def build_tiny_artifact(
    path: Path,
    labels: Sequence[str] = LABELS,
    seed: int = 0,
    max_length: int = 64,
    also: Callable[[Path], object] = lambda _staging: None,
) -> Artifact:
    """A full artifact with a random two-layer BERT and a random linear model.

    `also` may write further files. Scores differ from text to text and are the same for the same
    seed. Takes under 0.1 s.
    """
    staging = path.with_name(f"{path.name}.staging")
    staging.mkdir(parents=True)
    labels = tuple(labels)
    model = build_tiny_network(labels, seed)
    save_network(model, TicketTokenizer(tiny_tokenizer(), max_length), staging)
    LabelSet(labels).save(staging / "labels.json")
    Calibration.identity(labels).save(staging / "calibration.json")
    Thresholds.uniform(labels).save(staging / "thresholds.json")
    build_tiny_linear(labels, seed).save(staging)
    Golden.of(_as_loaded(model, max_length)).save(staging)
    for name in ("metrics.json", "report.html", "README.md"):
        (staging / name).write_text("{}\n", encoding="utf-8")
    also(staging)
    return publish(staging, path, tiny_facts(labels, seed, max_length))


def _as_loaded(model: MultilabelTransformer, max_length: int) -> Network:
    labels = model.labels
    tokenizer = TicketTokenizer(tiny_tokenizer(), max_length)
    return Network(model, tokenizer, Calibration.identity(labels), Thresholds.uniform(labels))


def tiny_facts(labels: Sequence[str], seed: int = 0, max_length: int = 64) -> Facts:
    return Facts(
        encoder="tiny",
        labels=tuple(labels),
        max_length=max_length,
        dataset_hash="0" * 64,
        seeds=(seed,),
        code_version="0.1.0",
        preset="fast",
    )


def build_tiny_network(
    labels: Sequence[str] = LABELS, seed: int = 0, shape: HeadShape | None = None
) -> MultilabelTransformer:
    """In evaluation mode; its logits spread enough that labels fall on both sides of 0.5."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = MultilabelTransformer(_tiny_encoder(), labels, shape)
    return model.eval()


def build_tiny_encoder(path: Path, seed: int = 0) -> Path:
    """An encoder folder as `resolve_encoder` gives it: config, safetensors, tokenizer."""
    path.mkdir(parents=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _tiny_encoder().save_pretrained(path)
    tiny_tokenizer().save(str(path / "tokenizer.json"))
    return path


def build_tiny_linear(labels: Sequence[str] = LABELS, seed: int = 0) -> LinearModel:
    random = np.random.default_rng(seed)
    return LinearModel(
        vocabulary=tuple(WORDS),
        idf=np.ones(len(WORDS), dtype=np.float32),
        coef=random.normal(scale=3, size=(len(WORDS), len(labels))).astype(np.float32),
        intercept=np.zeros(len(labels), dtype=np.float32),
        calibration=Calibration.identity(labels),
        cutoffs=Thresholds.uniform(labels),
    )


def tiny_tokenizer() -> Tokenizer:
    """WordPiece over single letters and some words, so that no ASCII text is unknown."""
    pieces = [*_LETTERS, *(f"##{letter}" for letter in _LETTERS), *WORDS]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys([*_SPECIAL, *pieces]))}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return tokenizer


def _tiny_encoder() -> BertModel:
    config = BertConfig(
        vocab_size=tiny_tokenizer().get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
        initializer_range=0.5,
    )
    return BertModel(config, add_pooling_layer=False)
