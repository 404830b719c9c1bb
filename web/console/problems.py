"""Problems as people see them: a page of their own, a line on the page, or the way to sign in."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from core.errors import PointsmanError
from web.browsers import is_for_a_page, is_from_a_page
from web.console.pages import Pages, Visit
from web.console.visits import visit_of
from web.console.words import N_
from web.problems import KINDS

_FOR_PEOPLE: Mapping[str, tuple[str, str]] = {
    "forbidden": (N_("Your role may not do this"), N_("An admin can give you one that may.")),
    "not-found": (N_("There is no such thing"), N_("It may have been removed; look at its list.")),
    "conflict": (N_("It is not as it was"), N_("Load the page again and look at it.")),
    "changed-meanwhile": (N_("Somebody else saved first"), N_("Load the page again.")),
    "too-large": (N_("That is too much at once"), N_("Send less of it.")),
    "invalid": (N_("That does not fit"), N_("Look at what you entered.")),
    "too-many-requests": (N_("That is too often"), N_("Wait a moment, then try again.")),
    "failed": (N_("This failed and will fail again"), N_("Tell an admin the number below.")),
    "unavailable": (N_("Something that this needs is away"), N_("Wait a moment, then try again.")),
}
"""Title and what to do; the API says both to programs."""


def problem_page(
    pages: Pages, request: Request, problem: Mapping[str, Any], headers: Mapping[str, str] | None
) -> Response | None:
    """The answer to a request of a browser; None where a program asked.

    Args:
        pages: renders it.
        request: what was asked.
        problem: as the API would answer it.
        headers: of the API's answer.
    """
    if not is_for_a_page(request):
        return None
    if problem["status"] == 401:
        return _to_sign_in(request)
    visit, part = _visit(request), is_from_a_page(request)
    template = "_notice.html" if part else "problem.html"
    answer = pages.page(visit, template, problem["status"], problem=_for_people(problem))
    answer.headers.update(headers or {})
    if part:
        answer.headers.update({"hx-retarget": "#notice", "hx-reswap": "innerHTML"})
    return answer


def _for_people(problem: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(problem["type"]).rpartition("/")[2]
    if name not in _FOR_PEOPLE:
        return problem
    title, fix = _FOR_PEOPLE[name]
    own = problem["fix"] != KINDS[name].fix  # of this very case
    return {**problem, "title": title, "fix": problem["fix"] if own else fix}


def _to_sign_in(request: Request) -> Response:
    """Back to where one was afterwards, but never into the middle of a change."""
    if is_from_a_page(request):
        return Response(status_code=204, headers={"hx-redirect": "/sign-in"})
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    next_ = f"?next={quote(asked, safe='')}" if request.method == "GET" and asked != "/" else ""
    return Response(status_code=303, headers={"location": f"/sign-in{next_}"})


def _visit(request: Request) -> Visit:
    try:
        return visit_of(request)
    except PointsmanError:
        return Visit(request=request, person=None, csrf="")
