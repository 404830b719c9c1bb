"""Where corrected tickets lie in the network's own space, so that a ticket's nearest are found.

Kept in the memory of a worker, filled some at a time while nobody waits. Erased tickets and words
that were taken back leave with the next look.
"""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from classifier.transformer import Network
from store.engine import transaction
from store.feedback import corrected_tickets
from store.feedback.corrected_tickets import Key

NEAREST = 5
_AT_ONCE = 16
_LOOK_S = 5.0
_CHUNK_TOKENS = 1024
_DIGITS = 3


class Corrected:
    """Features of the newest corrected tickets, by one network.

    Args:
        engine: the database.
        most: tickets that are kept; 0 for none.
    """

    def __init__(self, engine: Engine, *, most: int) -> None:
        self._engine = engine
        self._most = most
        self._network: Network | None = None
        self._features: dict[Key, NDArray[np.float32]] = {}
        self._looked_at = float("-inf")
        self._missing: list[Key] = []

    def follow(self, network: Network | None) -> None:
        """Starts anew where another network serves."""
        if network is not self._network:
            self._network, self._features, self._missing = network, {}, []
            self._looked_at = float("-inf")

    def fill(self) -> bool:
        """Takes up some of what is missing; whether anything was.

        Raises:
            PointsmanError: the database is away, or the device fails.
        """
        if self._network is None or not self._most:
            return False
        if not self._missing and time.monotonic() - self._looked_at >= _LOOK_S:
            self._look()
        return self._take_up()

    def catch_up(self) -> bool:
        """Looks at once, and takes up what little is missing; whether nothing is missing then.

        Raises:
            PointsmanError: as `fill`.
        """
        if self._network is None or not self._most:
            return True
        self._look()
        if len(self._missing) <= _AT_ONCE:
            self._take_up()
        return not self._missing

    def nearest(self, text: str, own: Key) -> list[dict[str, Any]]:
        """The corrected tickets most like a text, as JSON; its own ticket is left out.

        Similarity is the cosine of features less their mean, which all texts share (Mu and
        Viswanath, "All-but-the-Top", 2018), in [-1, 1].
        """
        keys = [key for key in self._features if key[0] != own[0]]
        if self._network is None or not keys:
            return []
        known = np.stack([self._features[key] for key in keys])  # (n, f)
        mean = known.mean(axis=0) if len(keys) > 1 else np.zeros(known.shape[1], np.float32)
        asked = self._network.features([text], _CHUNK_TOKENS)[0]
        near = _unit(known - mean) @ _unit(asked - mean)  # (n)
        best = np.argsort(-near, kind="stable")[:NEAREST]
        return [_object(keys[place], float(near[place])) for place in best]

    def _take_up(self) -> bool:
        assert self._network is not None
        some, self._missing = self._missing[:_AT_ONCE], self._missing[_AT_ONCE:]
        texts = transaction(self._engine, lambda c: corrected_tickets.texts(c, some))
        readable = {key: text for key, text in texts.items() if text}
        if readable:
            rows = self._network.features(list(readable.values()), _CHUNK_TOKENS)  # (b, f)
            self._features.update(zip(readable, rows, strict=True))
        return bool(some)

    def _look(self) -> None:
        wanted = transaction(self._engine, lambda c: corrected_tickets.newest(c, most=self._most))
        self._features = {key: row for key, row in self._features.items() if key in wanted}
        self._missing = sorted(wanted - self._features.keys(), reverse=True)
        self._looked_at = time.monotonic()


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows, or one, with length 1."""
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-12), dtype=np.float32)


def _object(key: Key, similarity: float) -> dict[str, Any]:
    return {
        "ticket_id": str(key[0]),
        "revision": key[1],
        "similarity": round(similarity, _DIGITS),
    }
