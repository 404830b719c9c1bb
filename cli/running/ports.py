"""Which port the web process gets, and the address under which people reach it."""

import socket

from core.errors import Invalid
from core.settings import Settings

_ANYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104


def choose_port(settings: Settings) -> int:
    """The port for the web process: the configured one, or a free one if that is 0.

    The default port gives way to a free one when somebody else has it.

    Raises:
        Invalid: a port that was asked for by name is taken, or the host is not of this machine.
    """
    wanted, asked_for = settings.http_port, "http_port" in settings.model_fields_set
    port = _bindable(settings.http_host, wanted)
    if port is None and wanted and asked_for:
        fix = "set it to another port, or to 0 for a free one"
        raise Invalid("POINTSMAN_HTTP_PORT", f"{wanted} is taken", fix)
    port = port or _bindable(settings.http_host, 0)
    if port is None:
        fix = "set it to an address of this machine"
        raise Invalid("POINTSMAN_HTTP_HOST", "cannot be bound", fix)
    return port


def reachable(host: str) -> str:
    """The host as a browser on this machine can name it."""
    if host in _ANYWHERE:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _bindable(host: str, port: int) -> int | None:
    """The port that binding gives, 0 asking for any; None when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return None
        bound: int = probe.getsockname()[1]
    return bound
