"""Whether strangers could get into our Redis: holes of its version, and no password.

Who can write there can put any message before our workers, which is why they take JSON and know
few tasks; and who can read there sees tickets that producers put on the queue themselves.
"""

from collections.abc import Iterator, Mapping

import redis
import structlog

from broker.health import probe
from core.errors import Invalid, Transient
from core.settings import Settings

# First release of each line that closes what lets people in without a password or run code: the
# TLS use-after-free (CVE-2026-81934), Lua (CVE-2025-49844) and RESTORE (CVE-2026-25243, -66373).
FIXED: Mapping[tuple[int, int], int] = {
    (6, 2): 24,
    (7, 2): 16,
    (7, 4): 11,
    (8, 2): 9,
    (8, 4): 6,
    (8, 6): 6,
    (8, 8): 2,
    (8, 10): 1,
}
_TIMEOUT_S = 2.0
_log = structlog.get_logger(__name__)


def has_known_holes(version: str) -> bool:
    """Whether a version is older than the fixed one of its line, or of a line without fixes.

    Args:
        version: such as `7.2.4`; what cannot be read counts as old.
    """
    try:
        major, minor, patch = (int(part) for part in version.split(".")[:3])
    except ValueError:
        return True
    if (major, minor) > max(FIXED):
        return False
    return patch < FIXED.get((major, minor), patch + 1)


def answers_strangers(url: str, *, timeout_s: float = _TIMEOUT_S) -> bool:
    """Whether a server does what somebody without a password asks.

    Raises:
        Transient: it is away.
    """
    pool = redis.ConnectionPool.from_url(
        url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
    )
    for credential in ("username", "password"):
        pool.connection_kwargs.pop(credential, None)
    try:
        with redis.Redis(connection_pool=pool) as client:
            return bool(client.ping())
    except (redis.AuthenticationError, redis.ResponseError):
        return False
    except (redis.RedisError, OSError) as error:
        raise Transient(f"Redis is away: {type(error).__name__}") from error
    finally:
        pool.disconnect()


def weaknesses(url: str, *, patched: bool) -> Iterator[str]:
    """What is wrong with a server, in words.

    Args:
        url: with everything needed to log in.
        patched: its distribution brought the fixes into an older version.

    Raises:
        Transient: it is away.
    """
    version = probe(url, timeout_s=_TIMEOUT_S).version
    if not patched and has_known_holes(version):
        yield f"Redis {version} has known holes"
    if answers_strangers(url):
        yield "Redis answers without a password"


def refuse_exposed(settings: Settings, url: str) -> None:
    """Keeps a process from starting on an open Redis in production.

    One that is away is not waited for: tickets are routed without it.

    Raises:
        Invalid: it is open to strangers.
    """
    if not settings.production:
        return
    try:
        found = list(weaknesses(url, patched=settings.redis_patched))
    except Transient as error:
        _log.warning("redis_not_checked", cause=str(error))
        return
    if found:
        fix = "take a fixed version (or set POINTSMAN_REDIS_PATCHED) and a password for every user"
        raise Invalid("POINTSMAN_REDIS_URL", "; ".join(found), fix)
