"""What false corrections do to a model, with the trainer's real parts from feedback to fit.

Twenty agents correct fifty tickets each. One moves refunds to returns whatever the ticket says,
five others do so in a fifth of theirs. The samples are too few for that, so tickets are drawn word
by word: some words from those that mark one of the ticket's labels in the samples, others from all.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np

from classifier.linear import LinearModel
from core.types import FeedbackKind, Ticket
from store.feedback.corrections import LabelFeedback
from trainer.fit.baseline import fit_baseline
from trainer.fit.corpus import Corpus
from trainer.loop.material import Doubts, find_doubtful
from trainer.loop.snapshot import Entry

Row = tuple[str, tuple[str, ...]]
_AGENTS, _EACH, _WORDS = 20, 50, 30
_FROM, _TO = "refund", "return"
_SLIPS = 0.03
_START = datetime(2026, 5, 1, tzinfo=UTC)
_DOUBTS = Doubts(most=30, within=timedelta(minutes=10))


class _Shop:
    """Draws labelled tickets; equal seeds draw equal ones."""

    def __init__(self, samples: Path, *, labels: int, clear: float, seed: int) -> None:
        self.chance, self._clear = np.random.default_rng(seed), clear
        rows = [json.loads(line) for line in samples.read_text(encoding="utf-8").splitlines()]
        often = Counter(label for row in rows for label in row["labels"]).most_common(labels)
        known = {label for label, _ in often}
        self._sets = [s for row in rows if (s := tuple(sorted(known.intersection(row["labels"]))))]
        words = [re.findall(r"\w\w+", f"{r['subject']} {r['body']}".lower()) for r in rows]
        self._all = [word for one in words for word in one]
        whole = Counter(self._all)
        self._marks: dict[str, list[str]] = {}
        for label in known:
            mine = Counter(
                w for r, ws in zip(rows, words, strict=True) if label in r["labels"] for w in ws
            )
            lift = 2.5 * mine.total() / whole.total()
            self._marks[label] = [
                w for w, n in mine.items() for _ in range(n) if n >= max(3, lift * whole[w])
            ]

    def row(self, *, flippable: bool = False) -> Row:
        while True:
            names = self._sets[self._draw(len(self._sets))]
            if not flippable or (_FROM in names and _TO not in names):
                return " ".join(self._word(names) for _ in range(_WORDS)), names

    def _word(self, names: Sequence[str]) -> str:
        words: list[str] = self._all
        if self.chance.random() < self._clear:
            words = self._marks[names[self._draw(len(names))]]
        return words[self._draw(len(words))]

    def _draw(self, many: int) -> int:
        return int(self.chance.integers(many))


@dataclass(frozen=True, slots=True, kw_only=True)
class _World:
    base: list[Entry]
    golden: list[Row]
    feedback: list[LabelFeedback]
    flipped: frozenset[UUID]


def _flips(agent: int, number: int) -> bool:
    return agent == 0 or (agent <= 5 and number % 5 == 0)


def _world(samples: Path, *, clear: float, seed: int) -> _World:
    shop = _Shop(samples / "tickets.jsonl", labels=8, clear=clear, seed=seed)
    base = [_entry(n, shop.row()) for n in range(600)]
    golden = [shop.row() for _ in range(600)]
    serving = _fit([(entry.text, tuple(entry.ticket.labels or ())) for entry in base])
    tasks = [(agent, number) for number in range(_EACH) for agent in range(_AGENTS)]
    rows = [shop.row(flippable=_flips(*task)) for task in tasks]
    predicted = _predicted(serving, [text for text, _ in rows])
    feedback, flipped = [], set()
    for n, (task, row, said) in enumerate(zip(tasks, rows, predicted, strict=True), start=1000):
        labels = _given(row[1], flips=_flips(*task), slips=shop.chance.random() < _SLIPS)
        feedback.append(_feedback(n, task[0], row[0], labels, said))
        if _flips(*task):
            flipped.add(UUID(int=n))
    return _World(
        base=base,
        golden=golden,
        feedback=feedback,
        flipped=frozenset(flipped),
    )


def _given(truth: tuple[str, ...], *, flips: bool, slips: bool) -> tuple[str, ...]:
    if flips:
        return tuple(sorted({_TO if label == _FROM else label for label in truth}))
    return truth[1:] or truth if slips else truth


def _entry(number: int, row: Row) -> Entry:
    ticket = Ticket(id=f"t{number}", subject="", body=row[0], labels=row[1])
    return Entry(ticket_id=UUID(int=number), ticket=ticket, at=_START)


def _feedback(
    number: int, agent: int, text: str, labels: tuple[str, ...], said: tuple[str, ...]
) -> LabelFeedback:
    return LabelFeedback(
        id=UUID(int=number),
        kind=FeedbackKind.CONFIRMED if labels == said else FeedbackKind.WRONG_LABEL,
        agent=f"agent-{agent}",
        source="shop",
        ticket=Ticket(id=f"t{number}", subject="", body=text, labels=labels),
        ticket_id=UUID(int=number),
        labels=labels,
        predicted=said,
        given_at=_START + timedelta(minutes=number),
        verdict=None,
        scores=None,
        thresholds=None,
    )


def _fit(rows: Sequence[Row]) -> LinearModel:
    return fit_baseline(Corpus.of_rows([text for text, _ in rows], [names for _, names in rows]), 0)


def _predicted(model: LinearModel, texts: Sequence[str]) -> list[tuple[str, ...]]:
    reached = model.predict(texts) >= model.cutoffs.array  # (b, l)
    return [
        tuple(sorted(x for x, yes in zip(model.labels, row, strict=True) if yes)) for row in reached
    ]


def _micro_f1(world: _World, taught: Sequence[Row]) -> float:
    """On the golden tickets, which no agent touches, of the linear model that these rows make."""
    known = [(entry.text, tuple(entry.ticket.labels or ())) for entry in world.base]
    said = _predicted(_fit([*known, *taught]), [text for text, _ in world.golden])
    hits = sum(len({*one} & {*row[1]}) for one, row in zip(said, world.golden, strict=True))
    return 2 * hits / (sum(map(len, said)) + sum(len(names) for _, names in world.golden))


def test_agents_who_flip_labels_are_found_and_cost_the_model_no_more_than_a_point(
    samples: Path,
) -> None:
    world = _world(samples, clear=0.3, seed=1)
    held = find_doubtful(world.base, world.feedback, _DOUBTS, seed=0)
    mistrusted = {why.split(" ")[0] for why in held.values() if "seems right" in why}
    honest = {f"agent-{n}" for n in range(6, _AGENTS)}
    assert "agent-0" in mistrusted
    assert not mistrusted & honest

    clean, guarded, poisoned = (
        _micro_f1(world, [(x.ticket.body, x.labels) for x in world.feedback if x.id not in out])
        for out in (world.flipped, held, ())
    )
    assert poisoned < clean - 0.01
    assert guarded >= clean - 0.01
