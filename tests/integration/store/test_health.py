import pytest
from sqlalchemy import Engine

from core.errors import Transient
from store.engine import make_engine
from store.health import probe


def test_a_server_that_answers_tells_its_version_and_its_clock(engine: Engine) -> None:
    health = probe(engine)
    assert int(health.version.split(".")[0]) >= 14
    assert 0 < health.latency_s < 5
    assert abs(health.clock_skew_s) < 5
    assert health.migrated


def test_a_database_without_tables_is_told_apart(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url, pool_size=1, statement_timeout_s=5)
    assert not probe(engine).migrated
    engine.dispose()


def test_a_server_that_is_away_is_transient() -> None:
    engine = make_engine("postgresql://x@127.0.0.1:1/none", pool_size=1, statement_timeout_s=1)
    with pytest.raises(Transient):
        probe(engine)
