"""Where the trace of each announced ticket goes on, until its decision is stored."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from uuid import UUID

from core import tracing
from store.queue.claims import Claim


class Trails:
    """A bounded memory; holds nothing while nothing is recorded.

    Args:
        most: tickets to remember; of more the oldest are forgotten.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._of: OrderedDict[UUID, str] = OrderedDict()

    def note(self, ids: Iterable[UUID]) -> None:
        """Remembers that these came with the message in hand."""
        trail = tracing.here()
        if trail is None:
            return
        with self._lock:
            self._of.update(dict.fromkeys(ids, trail))
            while len(self._of) > self._most:
                self._of.popitem(last=False)

    def worked_on(self, what: str, claims: Sequence[Claim], seconds: float, **counts: int) -> None:
        """Records work on several tickets at once, with a link to the message of each."""
        with self._lock:
            links = list(dict.fromkeys(self._of[c.id] for c in claims if c.id in self._of))
        if links:
            tracing.record(what, seconds, {"tickets": len(claims), **counts}, links=links)

    def decided(self, decisions: Iterable[tuple[Claim, str]], seconds: float) -> None:
        """Records each decision, given by its claim and rung, under its ticket's message."""
        for claim, rung in decisions:
            with self._lock:
                trail = self._of.pop(claim.id, None)
            if trail is not None:
                named: dict[str, tracing.Value] = {
                    "ticket": str(claim.id),
                    "revision": claim.revision,
                    "rung": rung,
                }
                tracing.record("decision", seconds, named, parent=trail)
