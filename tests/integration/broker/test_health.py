import pytest

from broker.health import probe
from core.errors import Transient


def test_a_server_that_answers_tells_how_it_keeps_things(redis_url: str) -> None:
    health = probe(redis_url, timeout_s=2)
    assert int(health.version.split(".")[0]) >= 6
    assert 0 < health.latency_s < 2
    assert health.eviction == "noeviction"
    assert health.appendonly is True


def test_a_server_that_is_away_is_transient() -> None:
    with pytest.raises(Transient, match="Redis is away"):
        probe("redis://127.0.0.1:1/0", timeout_s=0.5)
