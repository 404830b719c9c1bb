"""The network as a worker sees it: loaded from an artifact, token ids in, numpy arrays out.

Nothing here touches a device before `load_network` is called. Threads that call `logits` or
`features` take turns; `encode` and `scores` may run beside them.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

import numpy as np
import structlog
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file

from classifier.architecture import MultilabelTransformer
from classifier.artifacts import Artifact
from classifier.backends.protocol import Backend
from classifier.chunking import plan_chunks
from classifier.encoding import TicketTokenizer
from classifier.labels import LabelSet
from classifier.lanes import Rows, TokenIds, side_by_side
from classifier.precision import fitting_tokens, resolve_device, resolve_precision
from classifier.scoring import Calibration, Thresholds
from core.errors import ArtifactInvalid, Permanent, Transient

_log = structlog.get_logger(__name__)

PARTS = (
    "model.safetensors",
    "config.json",
    "tokenizer.json",
    "labels.json",
    "calibration.json",
    "thresholds.json",
)
_WARM_UP_LENGTHS = (8, 64)
_Way = Callable[[torch.Tensor, torch.Tensor | None], torch.Tensor]


class Network:
    """A loaded network with its tokenizer, calibration and thresholds.

    Attributes:
        labels: label order of every array.
        tokenizer: `tokenizer.encode` also counts truncated texts.
        thresholds: label to score in [0, 1].
        calibration_version: content id of the calibration.
        device: as torch names it.
        precision: of the encoder: `fp32`, `bf16`, or that of the backend in its place; the head is
            always float32.
        chunk_tokens: most padded tokens that go through the device at once; whoever measured what
            it is fast with sets another number.
    """

    def __init__(
        self,
        model: MultilabelTransformer,
        tokenizer: TicketTokenizer,
        calibration: Calibration,
        thresholds: Thresholds,
        *,
        backend: Backend | None = None,
        lanes: int = 1,
    ) -> None:
        self.labels = model.labels
        self.tokenizer = tokenizer
        self.thresholds: Mapping[str, float] = thresholds.by_label
        self.calibration_version = calibration.version
        self._model = model.eval()
        self._calibration = calibration
        self._backend = backend
        self._lanes = lanes
        self._turn = threading.Lock()
        weight = next(model.encoder.parameters())
        self.device = str(weight.device)
        own = "bf16" if weight.dtype == torch.bfloat16 else "fp32"
        self.precision = own if backend is None else backend.precision
        self.chunk_tokens = fitting_tokens(self.device)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, at most `tokenizer.max_length` each."""
        return self.tokenizer.encode(texts).token_ids

    def costs(self, token_ids: Sequence[Sequence[int]]) -> list[int]:
        """What each text costs on the device, in tokens."""
        return [self._model.cost(ids) for ids in token_ids]

    def logits(self, token_ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Raw scores of one chunk, shape (b, l).

        Raises:
            Transient: the device's memory ran out; a smaller chunk may pass.
            Permanent: the device failed, or the network gave something that is not a number.
        """
        if not token_ids:
            return np.zeros((0, len(self.labels)), dtype=np.float32)
        logits = self._computed(token_ids, self._raw)  # (b, l)
        if not np.isfinite(logits).all():
            raise Permanent(f"the network on {self.device} gave scores that are not numbers")
        return logits

    def scores(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raw scores to calibrated probabilities in [0, 1], both (b, l)."""
        return self._calibration.scores(logits)

    def predict(self, texts: Sequence[str], chunk_tokens: int | None = None) -> NDArray[np.float32]:
        """Calibrated probabilities in the order of the texts, shape (b, l).

        Args:
            texts: any number.
            chunk_tokens: most padded tokens on the device at once, if not the network's own.

        Raises:
            Transient: as `logits`.
            Permanent: as `logits`.
        """
        return self._in_chunks(
            texts, len(self.labels), chunk_tokens, lambda ids: self.scores(self.logits(ids))
        )

    def features(
        self, texts: Sequence[str], chunk_tokens: int | None = None
    ) -> NDArray[np.float32]:
        """What the encoder makes of texts before any label is scored, in their order, shape (b, f).

        Args:
            texts: any number.
            chunk_tokens: most padded tokens on the device at once, if not the network's own.

        Raises:
            Transient: as `logits`.
            Permanent: as `logits`.
        """
        found = self._in_chunks(
            texts,
            self._model.feature_size,
            chunk_tokens,
            lambda ids: self._computed(ids, self._pooled),
        )
        if not np.isfinite(found).all():
            raise Permanent(f"the network on {self.device} gave features that are not numbers")
        return found

    def warm_up(self) -> None:
        """Runs made-up texts of several lengths, so that the first ticket does not wait.

        Raises:
            Permanent: as `logits`: the network cannot serve.
        """
        for length in (*_WARM_UP_LENGTHS, self.tokenizer.max_length):
            self.logits([[self._model.pad_id] * length] * 2)

    def _computed(self, token_ids: TokenIds, way: _Way) -> Rows:
        """Rows of one chunk by one way through the network."""

        def compute(some: TokenIds) -> Rows:
            with _translated(self.device), torch.inference_mode():
                ids, mask = padded(some, self._model.pad_id, self.device)  # (b, t)
                rows: Rows = way(ids, mask).cpu().numpy()
            return rows

        with self._turn:
            return side_by_side(compute, token_ids, self.costs(token_ids), lanes=self._lanes)

    def _raw(self, ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        if self._backend is None:
            return cast(torch.Tensor, self._model(ids, mask))
        return self._model.scores(self._pooled(ids, mask), ids, mask)

    def _pooled(self, ids: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        if self._backend is None:
            return self._model.features(ids, mask)
        full = torch.ones_like(ids) if mask is None else mask
        try:
            return torch.from_numpy(self._backend.features(ids.numpy(), full.numpy()))  # (b, f)
        except Permanent as error:  # slower from now on, and on the same rung
            _log.error("backend_failed", cause=str(error))
            self._backend, self.precision = None, "fp32"
            return self._model.features(ids, mask)

    def _in_chunks(
        self,
        texts: Sequence[str],
        width: int,
        chunk_tokens: int | None,
        compute: Callable[[Sequence[Sequence[int]]], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        """Rows of some width, in the order of the texts."""
        token_ids = self.encode(texts)
        rows = np.empty((len(texts), width), dtype=np.float32)
        most = chunk_tokens or self.chunk_tokens
        for chunk in plan_chunks(self.costs(token_ids), most):
            rows[chunk] = compute([token_ids[i] for i in chunk])
        return rows


def load_network(
    artifact: Artifact,
    *,
    device: str,
    threads: int,
    precision: str = "auto",
    backend: Backend | None = None,
) -> Network:
    """Loads and checks the network of an artifact.

    Args:
        artifact: its `PARTS` are verified before they are parsed.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        threads: of torch in the whole process; 0 leaves torch's own choice. A CPU computes as
            many texts side by side.
        precision: `fp32`, `bf16`, or `auto` for what the device is faster with.
        backend: of the same artifact, for the CPU; computes features in the encoder's place.

    Raises:
        ArtifactInvalid: a part is missing, altered, or does not fit the others.
        Invalid: there is no such device.
        Transient: the device's memory ran out.
    """
    if threads:
        torch.set_num_threads(threads)
    # Set by nobody, the tokenizer library would warn after the first fork.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    target = resolve_device(device)
    artifact.verify(*PARTS)
    labels = artifact.labels
    if LabelSet.parse((artifact.path / "labels.json").read_bytes()).names != labels:
        raise ArtifactInvalid("labels.json and manifest.json name different labels")
    calibration = Calibration.parse(artifact.read_json("calibration.json"), labels)
    thresholds = Thresholds.parse(artifact.read_json("thresholds.json"), labels)
    tokenizer = TicketTokenizer.parse(
        (artifact.path / "tokenizer.json").read_bytes(), artifact.manifest.facts.max_length
    )
    model = load_model(artifact)
    with _translated(target):
        model.to(torch.device(target))
        torch.nn.Module.to(model.encoder, dtype=resolve_precision(precision, target))
    lanes = torch.get_num_threads() if target == "cpu" else 1
    return Network(model, tokenizer, calibration, thresholds, backend=backend, lanes=lanes)


def load_model(artifact: Artifact) -> MultilabelTransformer:
    """The network on the CPU in float32, as training left it; its `PARTS` must be verified.

    Raises:
        ArtifactInvalid: weights and configuration do not fit.
    """
    model = MultilabelTransformer.from_config(artifact.read_json("config.json"))
    if model.labels != artifact.labels:
        raise ArtifactInvalid("config.json and manifest.json name different labels")
    try:
        weights = load_file(artifact.path / "model.safetensors")
        model.load_state_dict(weights)
    except (SafetensorError, RuntimeError, OSError) as error:
        raise ArtifactInvalid("model.safetensors does not fit config.json") from error
    if not all(bool(torch.isfinite(weight).all()) for weight in weights.values()):
        raise ArtifactInvalid("model.safetensors holds weights that are not numbers")
    return model


def padded(
    token_ids: Sequence[Sequence[int]], pad_id: int, device: str
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Ids and mask on the device, both (b, t), t the longest; no mask when nothing is padding."""
    lengths = [max(1, len(ids)) for ids in token_ids]
    longest = max(lengths)
    rows = [[*ids, *[pad_id] * (longest - len(ids))] for ids in token_ids]
    ids = torch.tensor(rows).to(device)
    if min(lengths) == longest:
        return ids, None
    places = torch.arange(longest)
    mask = (places < torch.tensor(lengths).unsqueeze(1)).long()
    return ids, mask.to(device)


@contextmanager
def _translated(device: str) -> Iterator[None]:
    """Torch's errors into ours."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise Transient(f"the memory of {device} ran out") from error
    except (RuntimeError, IndexError) as error:
        if "can't allocate memory" in str(error):  # the CPU's allocator has no type of its own
            raise Transient(f"the memory of {device} ran out") from error
        raise Permanent(f"the network failed on {device} ({type(error).__name__})") from error
