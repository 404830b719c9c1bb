"""`/account`: who one is here, what one may do, one's language, password and sessions."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.errors import Invalid
from core.passwords import MAX_CHARS
from core.types import Role
from store.access import people, sessions
from store.access.api_tokens import Caller
from store.engine import transaction
from web.callers import Doorman, address_of
from web.console.labels.answers import go_to
from web.console.pages import Pages, Visit
from web.console.visits import visit_of
from web.console.words import LANGUAGE_COOKIE, N_, languages
from web.problems import Problem
from web.sign_in.cookies import Cookie
from web.sign_in.me_routes import change_own_password
from web.sign_in.passwords import PasswordTerms
from web.sign_in.schemas import PasswordChange

ROLES: Mapping[Role, tuple[str, str]] = {
    Role.HELPDESK: (N_("Helpdesk"), N_("sends tickets, reads decisions and corrects them")),
    Role.AGENT: (N_("Agent"), N_("reads decisions, reviews and corrects them")),
    Role.OPS: (N_("Ops"), N_("edits rules, labels and departments, lets models serve, erases")),
    Role.APPROVER: (N_("Approver"), N_("reads everything and confirms what needs two people")),
    Role.ADMIN: (N_("Admin"), N_("does everything, and lets people and tokens in")),
}
"""What a role is called, and what it does."""

_LANGUAGE_KEPT_S = 365 * 86_400

_Password = Annotated[str, Form(min_length=1, max_length=MAX_CHARS)]


def account_pages(doorman: Doorman, pages: Pages, terms: PasswordTerms) -> APIRouter:
    """The page, and the changes of password and sessions."""
    routes = APIRouter(include_in_schema=False)
    engine = doorman.engine

    @routes.get("/account")
    def page(request: Request) -> HTMLResponse:
        visit = visit_of(request)
        shown = transaction(engine, lambda c: _shown(c, visit))
        shown |= {"languages": languages(), "chosen": request.cookies.get(LANGUAGE_COOKIE)}
        return pages.page(
            visit, "account/page.html", roles=ROLES, min_chars=terms.min_chars, **shown
        )

    @routes.post("/account/password")
    def password(request: Request, current: _Password, new: _Password) -> Response:
        who, _ = _person(visit_of(request))
        given = PasswordChange(current=current, new=new)
        change_own_password(doorman, terms, who, given, address_of(request))
        return go_to("/sign-in")

    @routes.post("/account/sessions/end")
    def end_others(request: Request) -> HTMLResponse:
        visit = visit_of(request)
        who, id_ = _person(visit)

        def work(connection: Connection) -> dict[str, Any]:
            sessions.end_others(connection, id_, _secret(visit), name=who.name)
            return _shown(connection, visit)

        return pages.page(visit, "account/_sessions.html", **transaction(engine, work))

    def _shown(connection: Connection, visit: Visit) -> dict[str, Any]:
        _, id_ = _person(visit)
        found = sessions.of_person(connection, id_, _secret(visit), doorman.life)
        return {"me": people.person(connection, id_), "sessions": found}

    def _secret(visit: Visit) -> str:
        return doorman.session_of(visit.request) or ""

    return routes


def language_pages(doorman: Doorman) -> APIRouter:
    """The choice of a language, which a cookie keeps for a year."""
    routes = APIRouter(include_in_schema=False)
    chosen = Cookie(
        name=LANGUAGE_COOKIE, is_secure=doorman.cookie.is_secure, max_age_s=_LANGUAGE_KEPT_S
    )

    @routes.post("/account/language")
    def language(language: Annotated[str, Form(max_length=20)] = "") -> Response:
        if language and language not in languages():
            raise Invalid("language", "is none that the pages speak", "choose one of the list")
        answer = go_to("/account")
        if language:
            chosen.put(answer, language)
        else:
            chosen.drop(answer)
        return answer

    return routes


def _person(visit: Visit) -> tuple[Caller, int]:
    """Who sits there, and their id.

    Raises:
        Problem: a token asks.
    """
    who = visit.person
    if who is None or who.person_id is None:
        raise Problem("conflict", "A token has no account.", fix="sign in first")
    return who, who.person_id
