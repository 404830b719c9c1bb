"""Q6: storms seen among real tickets, where there is none, and planted ones that are seen.

Every window of 10,000 tickets that a worker looks at, filled with real tickets as if all of them
had arrived within minutes: whatever is flagged is false. Into each window a storm of 30 is planted,
one ticket of it told by 30 people with other names and numbers. The peer knows equal texts.
"""

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.data import needed_set
from core.settings import Settings
from core.text import model_text
from worker.sketches import crowds, sketches, stacked
from worker.storms import SKETCHES_LOOKED_AT

PLANTED = 30
_NAMES = ("Ann", "Bert", "Carla", "Dimitri", "Emeka", "Fatima", "Greg", "Hiro", "Irma", "Jonas")


def run() -> dict[str, Any]:
    """What is flagged by the settings as they come."""
    settings = Settings(_env_file=None)
    seen = [
        {"data": name, **_look(window, settings, seed)}
        for name in ("sumo_firefox", "goemotions")
        for seed, window in enumerate(_windows(_texts(name)))
    ]
    false, found = (sum(each[key] for each in seen) for key in ("false", "found"))
    return {
        "id": "Q6",
        "value": false,
        "unit": f"false incidents in {sum(each['tickets'] for each in seen)} real tickets",
        "peer": f"planted storms of {PLANTED} seen by equal texts, of {len(seen)}; ours: {found}",
        "peer_value": sum(each["found_equal"] for each in seen),
        "ratio": None,
        "target": "0 false, every planted storm seen",
        "met": false == 0 and found == len(seen),
        "windows": seen,
    }


def _look(texts: Sequence[str], settings: Settings, seed: int) -> dict[str, Any]:
    enough = settings.incident_tickets
    storm = _storm(texts, seed)
    sizes = _crowds([*texts], settings.incident_similarity)
    with_storm = _crowds([*texts, *storm], settings.incident_similarity)
    equal = Counter(storm).most_common(1)[0][1]
    return {
        "tickets": len(texts),
        "largest_crowd": max(sizes, default=0),
        "false": sum(size >= enough for size in sizes),
        "found": int(max(with_storm, default=0) >= enough),
        "joined": max(with_storm, default=0),
        "found_equal": int(equal >= enough),
    }


def _crowds(texts: Sequence[str], similarity: float) -> list[int]:
    many = stacked([sketch for sketch in sketches(texts) if sketch is not None])
    return [len(rows) for _, rows in crowds(many, similarity, most=20)]


def _storm(texts: Sequence[str], seed: int) -> list[str]:
    """A ticket of 20 to 60 words told by 30 people: a word in twenty and the greeting differ."""
    chance = random.Random(seed)
    told = chance.choice([text for text in texts if 20 <= len(text.split()) <= 60]).split()
    return [_by(chance, told, person) for person in range(PLANTED)]


def _by(chance: random.Random, told: Sequence[str], person: int) -> str:
    words = list(told)
    for place in chance.sample(range(len(words)), 1 + len(words) // 20):
        words[place] = chance.choice(_NAMES).lower()
    return " ".join([f"Hi, {chance.choice(_NAMES)} here, case {person}:", *words])


def _windows(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), SKETCHES_LOOKED_AT):
        yield texts[start : start + SKETCHES_LOOKED_AT]


def _texts(name: str) -> list[str]:
    found = needed_set(name)
    return [text for file in (found.train, found.val, found.test) for text in _read(file)]


def _read(file: Path) -> Iterator[str]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield model_text(row["subject"], row["body"])
