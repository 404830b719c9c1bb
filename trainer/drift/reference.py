"""What live windows are compared with: computed once for each version, kept in the state folder.

No text is kept: texts are read again for each check and known by their hashes. Shapes: b tickets,
l labels, f features.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from sqlalchemy import Engine

from classifier.transformer import Network
from core.errors import Invalid
from core.text import text_hash
from store.engine import transaction
from store.erasure.exclusions import erased_texts, keyed_texts
from store.figures.stream import Decided
from trainer.drift.files import read_ticket_file
from trainer.drift.window import Window
from trainer.job.workspace import write_whole


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Tickets as one version sees them.

    Attributes:
        scores: calibrated, shape (b, l), in the version's label order; NaN where a record has
            none, because the label was switched off.
        texts: some of theirs, b' of them.
        features: of the same texts, shape (b', f).
    """

    scores: NDArray[np.float32]
    texts: Sequence[str]
    features: NDArray[np.float32]

    def as_texts(self) -> Window:
        """A window of the texts alone."""
        nothing = np.zeros((len(self.texts), 0))
        return Window(scores=nothing, texts=self.texts, features=self.features)


def draw_texts(file: Path, most: int) -> list[str]:
    """At most so many texts of a holdout, the same and in the same order each time."""
    try:
        texts = read_ticket_file(file).texts
    except Invalid:  # a snapshot may have an empty holdout
        return []
    drawn = np.random.default_rng(0).permutation(len(texts))[:most]
    return [texts[row] for row in drawn.tolist()]


def see_holdout(network: Network, texts: Sequence[str], *, most_texts: int) -> Seen:
    """Texts that the network did not learn from; the first `most_texts` get features."""
    kept = texts[:most_texts]
    return Seen(scores=network.predict(texts), texts=kept, features=network.features(kept))


def see_decided(network: Network, decided: Sequence[Decided], texts: Sequence[str]) -> Seen:
    """Decisions as they were recorded, with features of some of their texts.

    Args:
        network: that decided.
        decided: b of them.
        texts: of any of their tickets.
    """
    rows = [[entry.scores.get(label, np.nan) for label in network.labels] for entry in decided]
    scores = np.array(rows, dtype=np.float32).reshape(len(decided), len(network.labels))
    return Seen(scores=scores, texts=texts, features=network.features(texts))


def kept_or_made(file: Path, texts: Sequence[str], make: Callable[[], Seen]) -> Seen:
    """What an earlier check kept there; made and kept where nothing is, or it is damaged.

    Args:
        file: a safetensors file.
        texts: as they are today; those that are gone since then are left out.
        make: computes it.
    """
    try:
        parts = load_file(file)
        return _known(parts["scores"], parts["hashes"], parts["features"], texts)
    except (OSError, SafetensorError, KeyError):
        seen = make()
    hashes = np.frombuffer(b"".join(map(text_hash, seen.texts)), dtype=np.uint8).reshape(-1, 32)
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = {"scores": seen.scores, "hashes": hashes, "features": seen.features}
    write_whole(file, save({name: np.ascontiguousarray(part) for name, part in kept.items()}))
    return seen


def forget(engine: Engine, file: Path) -> list[str]:
    """Drops what a kept reference knows of erased texts; gives their keyed hashes in hex.

    The scores stay: nothing says of which text each is. A damaged file goes; it is made again.
    """
    try:
        parts = load_file(file)
        hashes = [row.tobytes().hex() for row in parts["hashes"]]
    except (OSError, SafetensorError, KeyError):
        file.unlink(missing_ok=True)
        return []
    keyed = transaction(engine, lambda c: keyed_texts(c, erased_texts(c, hashes)))
    kept = [place for place, hash_ in enumerate(hashes) if hash_ not in keyed]
    if keyed:
        new = {name: parts[name][kept] for name in ("hashes", "features")}
        write_whole(
            file, save({name: np.ascontiguousarray(part) for name, part in (parts | new).items()})
        )
    return list(keyed.values())


def _known(
    scores: NDArray[np.float32],
    hashes: NDArray[np.uint8],
    features: NDArray[np.float32],
    texts: Sequence[str],
) -> Seen:
    """The texts that there are features of, with them."""
    rows = {row.tobytes(): place for place, row in enumerate(hashes)}
    found = [(text, rows[hash_]) for text in texts if (hash_ := text_hash(text)) in rows]
    return Seen(
        scores=scores,
        texts=[text for text, _ in found],
        features=features[[place for _, place in found]],
    )
