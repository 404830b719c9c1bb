"""What `doctor` says of doors that strangers could use; in production each is a fault."""

from collections.abc import Sequence
from pathlib import Path

from broker.exposure import weaknesses
from classifier.key_files import key_file, takers_keys
from cli.doctor.finding import Finding
from core.errors import Invalid
from core.production import plain_connections, refuse_weak
from core.settings import ENV_FILE, Settings, is_open_to_all


def keys(settings: Settings) -> Finding:
    """Whose models serve here."""
    try:
        trusted = takers_keys(settings).trusts
    except Invalid as error:
        return Finding(name="keys", ok=False, detail=error.problem, fix=error.fix)
    place = settings.artifact_trusted_keys or key_file(settings)
    detail = f"{len(trusted)} trusted, {place}" if trusted else "none: any model may serve"
    return Finding(name="keys", ok=True, detail=detail)


def env_file(settings: Settings) -> Finding:
    """Whether others on this machine read our secrets."""
    path = Path(ENV_FILE)
    if not is_open_to_all(path):
        return Finding(name="secrets", ok=True, detail="not in a file that everybody reads")
    return _found("secrets", [f"{ENV_FILE} is open to every user"], settings, "chmod 600 .env")


def weak_settings(settings: Settings) -> Finding:
    """Whether settings are fit for production, where that is said."""
    try:
        refuse_weak(settings)
    except Invalid as error:
        return Finding(name="production", ok=False, detail=str(error), fix=error.fix)
    detail = "on" if settings.production else "off: this is for trying out"
    if settings.webhook_key is None:
        detail += "; secrets of webhooks and helpdesks are readable in the database"
    return Finding(name="production", ok=True, detail=detail)


def encryption(settings: Settings) -> Finding:
    """Who is spoken to without TLS; between containers that may be fine."""
    found = plain_connections(settings)
    if not found:
        return Finding(name="encryption", ok=True, detail="TLS, or this machine alone")
    return Finding(name="encryption", ok=True, detail=f"no TLS to {', '.join(found)}")


def redis_door(settings: Settings, url: str) -> Finding:
    """Whether strangers get into Redis; one that we started is on this machine, with a password.

    Raises:
        Transient: it is away.
    """
    if settings.redis_url is None:
        return Finding(name="access", ok=True, detail="Redis is ours, on this machine alone")
    found = list(weaknesses(url, patched=settings.redis_patched))
    return _found("access", found, settings, "docs/security.md tells how to close Redis")


def _found(name: str, faults: Sequence[str], settings: Settings, fix: str) -> Finding:
    if not faults:
        return Finding(name=name, ok=True, detail="no open door was found")
    detail = "; ".join(faults)
    if settings.production:
        return Finding(name=name, ok=False, detail=detail, fix=fix)
    return Finding(name=name, ok=True, detail=f"{detail}: for trying out, not for production")
