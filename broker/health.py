"""Whether Redis answers, how fast, and whether it would keep what it is given."""

import time
from dataclasses import dataclass

import redis

from core.errors import Transient


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisHealth:
    """One answer of the server.

    Attributes:
        version: such as `6.2.14`.
        latency_s: of one PING.
        eviction: its `maxmemory-policy`; None where the provider hides it.
        appendonly: whether it writes every change to disk; None where the provider hides it.
    """

    version: str
    latency_s: float
    eviction: str | None
    appendonly: bool | None


def probe(url: str, *, timeout_s: float) -> RedisHealth:
    """Asks once, without trying again.

    Raises:
        Transient: the server is away, or busy for longer than `timeout_s` seconds.
    """
    client = redis.Redis.from_url(
        url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, decode_responses=True
    )
    try:
        with client:
            start = time.perf_counter()
            client.ping()
            latency_s = time.perf_counter() - start
            version = str(client.info("server")["redis_version"])
            appendonly = _setting(client, "appendonly")
            return RedisHealth(
                version=version,
                latency_s=latency_s,
                eviction=_setting(client, "maxmemory-policy"),
                appendonly=None if appendonly is None else appendonly == "yes",
            )
    except (redis.RedisError, OSError) as error:
        raise Transient(f"Redis is away: {type(error).__name__}") from error


def _setting(client: "redis.Redis", name: str) -> str | None:
    """A server setting; hosted Redis often refuses to tell."""
    try:
        value = client.config_get(name).get(name)
    except redis.ResponseError:
        return None
    return None if value is None else str(value)
