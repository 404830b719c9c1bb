"""`/sign-in`: the door of the console, by name and password or through the OpenID provider."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import Response

from core.passwords import MAX_CHARS
from store.access.people import MAX_NAME_CHARS, NAME
from web.browsers import is_from_a_page
from web.callers import Doorman, address_of
from web.console.pages import Pages
from web.console.visits import visit_of
from web.console.words import N_
from web.problems import Problem
from web.sign_in.own_path import own_path
from web.sign_in.passwords import PasswordTerms
from web.sign_in.routes import begin_session
from web.sign_in.schemas import Credentials

_SAID_AT_THE_FORM = frozenset({"unauthenticated", "too-many-requests"})
_PROVES_A_PAGE = N_("The form was not sent by a page of ours.")

_Next = Annotated[str, Query(max_length=2_000)]


def sign_in_pages(
    doorman: Doorman, pages: Pages, terms: PasswordTerms, *, has_provider: bool
) -> APIRouter:
    """The form, and what it sends.

    Args:
        doorman: lets people in.
        pages: renders.
        terms: after how many wrong tries a person is locked, and for how long.
        has_provider: whether people can come through an OpenID provider.
    """
    routes = APIRouter(include_in_schema=False)
    shown: dict[str, Any] = {"has_provider": has_provider, "lockout": terms.lockout}

    @routes.get("/sign-in")
    def form(request: Request, next: _Next = "") -> Response:
        visit = visit_of(request)
        if visit.person is not None:
            return Response(status_code=303, headers={"location": own_path(next)})
        return pages.page(visit, "sign_in/page.html", next=next, problem=None, name="", **shown)

    @routes.post("/sign-in")
    def come_in(
        request: Request,
        name: Annotated[str, Form(max_length=MAX_NAME_CHARS)] = "",
        password: Annotated[str, Form(max_length=MAX_CHARS)] = "",
        next: Annotated[str, Form(max_length=2_000)] = "",
    ) -> Response:
        _must_be_our_form(request)
        try:
            given = _credentials(name.strip(), password)
            _, secret = begin_session(doorman, terms, given, address_of(request))
        except Problem as problem:
            if problem.name not in _SAID_AT_THE_FORM:
                raise
            told: dict[str, Any] = {"problem": _told(problem), "name": name, "next": next, **shown}
            return pages.page(visit_of(request), "sign_in/_form.html", problem.status_code, **told)
        answer = Response(status_code=204, headers={"hx-redirect": own_path(next)})
        doorman.cookie.put(answer, secret)
        return answer

    return routes


def _credentials(name: str, password: str) -> Credentials:
    if not NAME.fullmatch(name) or not password:
        raise Problem("unauthenticated", "This is no name, or no password.")
    return Credentials(name=name, password=password)


def _must_be_our_form(request: Request) -> None:
    """So that no other site signs a browser in as somebody else.

    A form of another site cannot send this header, and a script there may not.
    """
    if not is_from_a_page(request):
        raise Problem("forbidden", _PROVES_A_PAGE, fix="use the form of /sign-in")


def _told(problem: Problem) -> dict[str, Any]:
    """What is the matter, and for how many seconds if that is known."""
    wait = (problem.headers or {}).get("retry-after")
    return {"name": problem.name, "wait_s": None if wait is None else int(wait)}
