"""Labelled tickets made of the tiny tokenizer's words: a label is there when its word is."""

import json
from pathlib import Path

import numpy as np

from tests.factories.artifacts import LABELS, WORDS


def labelled_rows(count: int, seed: int = 0) -> list[dict[str, object]]:
    chance = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for number in range(count):
        words = [str(word) for word in chance.choice(WORDS, chance.integers(2, 8))]
        labels = [label for label in LABELS if label in words]
        rows.append(
            {"id": f"t{number}", "subject": words[0], "body": " ".join(words[1:]), "labels": labels}
        )
    return rows


def labelled_file(path: Path, count: int, seed: int = 0) -> Path:
    lines = [json.dumps(row) for row in labelled_rows(count, seed)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
