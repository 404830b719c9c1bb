from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.arrangement import Arrangement, Source, parse_arrangement
from core.errors import ArtifactInvalid

_ROWS = 4
_sources = st.builds(
    Source, row=st.integers(0, _ROWS - 1), scale=st.floats(0, 3), shift=st.floats(-3, 3)
)
_arrangements = st.builds(
    Arrangement,
    sources=st.lists(
        st.lists(_sources, min_size=1, max_size=3).map(tuple), min_size=1, max_size=5
    ).map(tuple),
)


@given(_arrangements, st.integers(0, 99))
def test_a_label_has_the_highest_of_its_rows(found: Arrangement, seed: int) -> None:
    raw = np.random.default_rng(seed).normal(size=(6, _ROWS)).astype(np.float32)
    scores = found.apply(raw)
    for label, own in enumerate(found.sources):
        values = [source.scale * raw[:, source.row] + source.shift for source in own]
        np.testing.assert_allclose(scores[:, label], np.max(values, axis=0), atol=1e-5)


def test_a_plain_arrangement_changes_no_bit() -> None:
    raw = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    assert np.array_equal(Arrangement.plain(7).apply(raw), raw)


@given(_arrangements)
def test_what_was_written_is_read(found: Arrangement) -> None:
    assert parse_arrangement(asdict(found), labels=len(found.sources), rows=_ROWS) == found


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {"sources": []},
        {"sources": [[]]},
        {"sources": [[{"row": 4}]]},
        {"sources": [[{"row": -1}]]},
        {"sources": [[{"row": 0, "scale": float("nan")}]]},
        {"sources": [[{"row": 0}], [{"row": 0}]]},
    ],
)
def test_what_fits_no_model_is_refused(raw: Any) -> None:
    with pytest.raises(ArtifactInvalid):
        parse_arrangement(raw, labels=1, rows=4)
