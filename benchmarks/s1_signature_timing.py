"""S1: whether the time of a refusal tells how much of a forged signature was right.

After Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?" (DATE 2017): two kinds of
forgery, wrong in the first character and wrong in the last, are sent in a random order; the
slowest tenth is left out, and Welch's t compares the means of the rest. They call it a leak from
|t| > 4.5 on. The peer compares the same signatures character by character, as `==` may, which
shows that the measurement would see one.
"""

import gc
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import numpy as np

from core.types import HelpdeskKind
from helpdesks.conformance.senders import SECRET, SIGN, STANDARD_SECRET
from helpdesks.kinds import KINDS
from helpdesks.seen import Signed, Unverified

_SAMPLES = 200_000
_LEAK = 4.5
_KEPT = 0.9
_SEED = 8
_BODY = b'{"say": "hello"}'
_SIGNATURES: Mapping[HelpdeskKind, str] = {
    HelpdeskKind.ZENDESK: "x-zendesk-webhook-signature",
    HelpdeskKind.ZAMMAD: "x-hub-signature",
    HelpdeskKind.CHATWOOT: "x-chatwoot-signature",
    HelpdeskKind.STANDARD: "webhook-signature",
}
_PREFIXES = ("sha1=", "sha256=", "v1,")
Refuse = Callable[[int], None]
"""Refuses a forgery that is wrong in its first (0) or in its last (1) character."""


def run() -> dict[str, Any]:
    """Welch's t of every helpdesk that signs, and of the peer."""
    found = {str(kind): _t(_refusal(kind)) for kind in _SIGNATURES}
    peer = _t(_naive)
    worst = max(found.values(), key=abs)
    return {
        "id": "S1",
        "value": round(worst, 2),
        "unit": f"Welch's t of {len(found)} verifiers, the worst",
        "peer": "signatures compared character by character",
        "peer_value": round(peer, 2),
        "ratio": None,
        "target": f"within {_LEAK} of 0, and the peer not",
        "met": abs(worst) < _LEAK < abs(peer),
        "samples": _SAMPLES,
        "seed": _SEED,
        "t": {name: round(t, 2) for name, t in found.items()},
    }


def _t(refuse: Refuse) -> float:
    """Welch's t between the times of both forgeries, positive where the first is slower."""
    order = np.array(random.Random(_SEED).choices((0, 1), k=_SAMPLES))
    gc.disable()
    taken_ns = np.array([_timed(refuse, int(which)) for which in order], dtype=np.float64)
    gc.enable()
    kept = taken_ns <= np.quantile(taken_ns, _KEPT)
    one, other = (taken_ns[kept & (order == which)] for which in (0, 1))
    spread = one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)
    return float((one.mean() - other.mean()) / spread**0.5)


def _timed(refuse: Refuse, which: int) -> int:
    start = time.perf_counter_ns()
    refuse(which)
    return time.perf_counter_ns() - start


def _refusal(kind: HelpdeskKind) -> Refuse:
    secret = STANDARD_SECRET if kind is HelpdeskKind.STANDARD else SECRET
    now = datetime.now(UTC).replace(microsecond=0)
    headers = SIGN[kind](_BODY, now, "d-1")
    name, verify = _SIGNATURES[kind], KINDS[kind].verify
    verify(_signed(headers, now), (secret,))
    forged = [_signed({**headers, name: each}, now) for each in _forgeries(headers[name])]

    def refuse(which: int) -> None:
        with suppress(Unverified):
            verify(forged[which], (secret,))
            raise AssertionError("a forgery was taken")

    return refuse


def _signed(headers: Mapping[str, str], now: datetime) -> Signed:
    return Signed(headers=headers, body=_BODY, now=now, tolerance_s=300)


def _forgeries(right: str) -> tuple[str, str]:
    """The right signature with its first character changed, and with its last (`=` aside)."""
    first = next((len(each) for each in _PREFIXES if right.startswith(each)), 0)
    last = len(right.rstrip("=")) - 1
    return _changed(right, first), _changed(right, last)


def _changed(right: str, place: int) -> str:
    return right[:place] + ("a" if right[place] != "a" else "b") + right[place + 1 :]


def _naive(which: int) -> None:
    for one, other in zip(_FORGED[which], _RIGHT, strict=True):
        if one != other:
            return


_RIGHT = SIGN[HelpdeskKind.ZAMMAD](_BODY, datetime.now(UTC), "d-1")["x-hub-signature"]
_FORGED = _forgeries(_RIGHT)
