import pytest
import redis

from broker.rate_counts import RateCounts

_NOWHERE = "redis://127.0.0.1:1/0"


def test_what_is_over_is_told_how_long_to_wait(redis_url: str) -> None:
    counts = RateCounts(redis_url, timeout_s=2)
    key = ("tickets", "token:1")
    assert counts.wait_s(key, most=10, cost=7) is None
    assert counts.wait_s(key, most=10, cost=3) is None
    wait_s = counts.wait_s(key, most=10, cost=1)
    assert wait_s is not None
    assert 1 <= wait_s <= 60
    assert counts.wait_s(("tickets", "token:2"), most=10, cost=1) is None
    assert counts.wait_s(("requests", "token:1"), most=10, cost=1) is None


def test_two_processes_share_a_count_and_the_minute_ends_in_redis(redis_url: str) -> None:
    one, other = RateCounts(redis_url, timeout_s=2), RateCounts(redis_url, timeout_s=2)
    key = ("requests", "token:1")
    assert one.wait_s(key, most=1, cost=1) is None
    assert other.wait_s(key, most=1, cost=1) is not None
    with redis.Redis.from_url(redis_url) as client:
        (name,) = client.scan_iter("pointsman:limits*")
        assert 0 < client.ttl(name) <= 60
        client.delete(name)
    assert other.wait_s(key, most=1, cost=1) is None


@pytest.mark.parametrize("is_there", [True, False])
def test_to_ask_counts_nothing(redis_url: str, is_there: bool) -> None:
    counts = RateCounts(redis_url if is_there else _NOWHERE, timeout_s=2)
    key = ("requests", "token:1")
    assert [counts.wait_s(key, most=1, cost=cost) for cost in (0, 0, 1, 0)] == [None] * 4
    assert counts.wait_s(key, most=1, cost=1) is not None
    assert counts.wait_s(key, most=1, cost=0) is not None


def test_without_redis_each_process_counts_for_itself() -> None:
    one, other = RateCounts(_NOWHERE, timeout_s=0.1), RateCounts(_NOWHERE, timeout_s=0.1)
    key = ("requests", "token:1")
    assert one.wait_s(key, most=1, cost=1) is None
    assert one.wait_s(key, most=1, cost=1) is not None
    assert other.wait_s(key, most=1, cost=1) is None
