"""A worker's rung does not depend on which backend computes it."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from classifier.backends import known
from classifier.backends.choice import Preference
from classifier.backends.protocol import FOLDER
from core.types import Rung
from tests.factories.backends import FILE, NAME, carrying, plain_kind
from tests.factories.models import install
from worker.host import Host
from worker.scorers import NetworkScorer


def _scorer(engine: Engine) -> NetworkScorer:
    host = Host(engine, device="cpu", threads=1, backend=Preference(backend=NAME))
    host.refresh()
    scorer = host.serving.scorer
    assert isinstance(scorer, NetworkScorer)
    assert scorer.rung is Rung.MODEL
    return scorer


def test_a_damaged_backend_costs_speed_and_no_rung(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "KINDS", {NAME: plain_kind()})
    artifact = carrying(tmp_path / "model")
    install(engine, artifact)
    served = _scorer(engine)
    assert served.network.precision == "int8"
    (artifact.path / FOLDER / FILE).write_bytes(b"some grape")
    damaged = _scorer(engine)
    assert damaged.network.precision == "fp32"
    assert damaged.versions == served.versions
    items = served.prepare(["refund please"]).items
    assert damaged.score(items) == pytest.approx(served.score(items), abs=1e-4)
