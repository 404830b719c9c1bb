"""From a batch of claims to chunks for the device. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from classifier.chunking import plan_chunks
from core.audit_sample import is_drawn
from core.text import model_text
from core.types import TrialStage
from store.queue.claims import Claim
from worker.host import OnTrial, Serving

FIRST_ATTEMPT = 1
_CANARY_SALT = "canary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One claimed ticket with the text that scorers read."""

    claim: Claim
    text: str
    item: Any = None
    tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """What goes through the device at once, with what it was encoded for."""

    works: tuple[Work, ...]
    serving: Serving
    truncated: int = 0

    @property
    def tokens(self) -> int:
        """Tokens without padding."""
        return sum(work.tokens for work in self.works)

    @property
    def padded_tokens(self) -> int:
        """Tokens with every text padded to the longest."""
        return len(self.works) * max((work.tokens for work in self.works), default=0)


def read(claims: Sequence[Claim]) -> list[Work]:
    """The works of a batch, with the text of each ticket without mark-up."""
    return [
        Work(claim=claim, text=model_text(claim.ticket.subject, claim.ticket.body))
        for claim in claims
    ]


def deal(
    works: Sequence[Work], serving: Serving, on_trial: OnTrial | None
) -> list[tuple[Serving, list[Work]]]:
    """Who decides which ticket of a batch: the active version, or for a share of them the canary.

    A ticket's id decides, so that every worker deals alike and a later revision goes the same way.
    A ticket whose first claim came to nothing goes to the active version: the canary may be why.

    Args:
        works: a batch.
        serving: with the active version.
        on_trial: with the version on trial, if there is one.
    """
    if on_trial is None or on_trial.stage is not TrialStage.CANARY:
        return [(serving, list(works))]
    tried = [work for work in works if _is_tried(work.claim, on_trial.share)]
    chosen = {work.claim.id for work in tried}
    others = [work for work in works if work.claim.id not in chosen]
    return [(serving, others), (on_trial.serving, tried)]


def _is_tried(claim: Claim, share: float) -> bool:
    return claim.attempts == FIRST_ATTEMPT and is_drawn(str(claim.id), _CANARY_SALT, share)


def chunks(
    works: Sequence[Work], serving: Serving, *, max_tokens: int | None = None
) -> Iterator[Chunk]:
    """Cuts a batch into chunks: first what has no text and costs the device nothing.

    Args:
        works: a batch.
        serving: what they are encoded for.
        max_tokens: most padded tokens of one chunk; None for what the scorer manages best.
    """
    empty = [work for work in works if not work.text]
    if empty:
        yield Chunk(works=tuple(empty), serving=serving)
    yield from _planned([work for work in works if work.text], serving, max_tokens)


def _planned(works: Sequence[Work], serving: Serving, max_tokens: int | None) -> Iterator[Chunk]:
    if not works:
        return
    prepared = serving.scorer.prepare([work.text for work in works])
    encoded = [
        Work(claim=work.claim, text=work.text, item=item, tokens=tokens)
        for work, item, tokens in zip(works, prepared.items, prepared.tokens, strict=True)
    ]
    most = min(prepared.budget, max_tokens or prepared.budget)
    for number, places in enumerate(plan_chunks(prepared.tokens, most)):
        yield Chunk(
            works=tuple(encoded[place] for place in places),
            serving=serving,
            truncated=prepared.truncated if number == 0 else 0,
        )
