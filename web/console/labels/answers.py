"""How the pages of labels, models and trainings answer a change, and what they offer to whom."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from web.access import ACCESS, caller
from web.api.control.gate import Proposed
from web.console.pages import Pages, Visit
from web.problems import Problem

_TO_NOTICE = {"hx-retarget": "#notice", "hx-reswap": "innerHTML show:window:top"}


def may(visit: Visit, method: str, path: str) -> bool:
    """Whether a door is open to who reads the page; what is not is not shown."""
    door = ACCESS[method, path]
    return visit.person is not None and (door is None or visit.person.role in door.roles)


def actor(visit: Visit) -> str:
    """In whose name a change is made."""
    return caller(visit.request).name


def go_to(path: str) -> Response:
    """Has the page that asked leave for another, or for itself as it is now."""
    return Response(status_code=204, headers={"hx-redirect": path})


def carried_out(pages: Pages, visit: Visit, change: Callable[[], object], then: str) -> Response:
    """Makes a change and goes on to a page.

    A change that waits for a second person, or that was made on what does not stand any more, is
    told where notices stand, and the form keeps what was typed.
    """
    try:
        change()
    except Proposed as waiting:
        answer = pages.page(visit, "labels/_waits.html", 202, proposal=waiting.kept)
    except Problem as problem:
        return overtaken(pages, visit, problem)
    else:
        return go_to(then)
    answer.headers.update(_TO_NOTICE)
    return answer


def overtaken(pages: Pages, visit: Visit, problem: Problem) -> Response:
    """Tells where notices stand that somebody else saved first, with both versions.

    Raises:
        Problem: it is another one.
    """
    if problem.name != "changed-meanwhile":
        raise problem
    answer = pages.page(visit, "labels/_stale.html", 412, **_both(problem.more))
    answer.headers.update(_TO_NOTICE)
    return answer


def _both(more: dict[str, Any]) -> dict[str, Any]:
    """What stands and what was wanted, a line for each thing that differs."""
    current, yours = more.get("current") or {}, more.get("yours") or {}
    wanted = yours.get("labels", yours)
    stands, wants = _flat(current), _flat(wanted)
    lines = [
        (name, stands.get(name), value)
        for name, value in wants.items()
        if value is not None and value != stands.get(name)
    ]
    return {"lines": lines}


def _flat(value: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, each in value.items():
        found |= _flat(each, f"{name} · ") if isinstance(each, dict) else {f"{before}{name}": each}
    return found
