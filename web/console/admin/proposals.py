"""`/admin/proposals`: changes that wait for a second person, what they change, and the verdict."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.text import clean_text
from core.types import ProposalVerdict
from store.access import proposals
from store.access.proposals import Proposal
from store.engine import transaction
from web.api.control.gate import Gate
from web.api.cursors import cursor_of_number, number_of
from web.console.admin.proposal_words import Told, sentence_of, told
from web.console.admin.rooms import room_page
from web.console.labels.answers import actor, go_to, may
from web.console.pages import Pages, Visit
from web.console.visits import visit_of
from web.console.words import N_
from web.problems import Problem

VERDICTS = {
    ProposalVerdict.APPROVED: (N_("Approved"), "good"),
    ProposalVerdict.REJECTED: (N_("Rejected"), "bad"),
    ProposalVerdict.WITHDRAWN: (N_("Withdrawn"), ""),
}
_MOST = 50
_LIST = "/admin/proposals"
_TO_NOTICE = {"hx-retarget": "#notice", "hx-reswap": "innerHTML show:window:top"}

_Id = Annotated[int, Path(ge=1, le=(1 << 63) - 1)]
_Reason = Annotated[str, Form(max_length=1_000)]


def proposal_pages(engine: Engine, pages: Pages, gate: Gate) -> APIRouter:
    """The list, and one proposal; `gate` knows what is under control."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/admin/proposals")
    def page(
        request: Request,
        settled: bool = False,
        cursor: Annotated[str, Query(max_length=100)] = "",
    ) -> HTMLResponse:
        before = number_of(cursor) if cursor else None
        found = transaction(
            engine,
            lambda c: proposals.proposals(c, before=before, most=_MOST, waiting=not settled),
        )
        next_ = cursor_of_number(found[-1].id) if len(found) == _MOST else None
        lines = [(each, *sentence_of(each)) for each in found]
        shown = {"lines": lines, "next": next_, "cursor": cursor, "settled": settled}
        return room_page(
            pages,
            visit_of(request),
            "admin/proposals.html",
            verdicts=VERDICTS,
            areas=gate.areas,
            **shown,
        )

    @routes.get("/admin/proposals/{proposal_id}")
    def one(request: Request, proposal_id: _Id) -> HTMLResponse:
        visit = visit_of(request)
        found, words = transaction(engine, lambda c: _read(c, proposal_id))
        return room_page(
            pages,
            visit,
            "admin/proposal.html",
            proposal=found,
            told=words,
            verdicts=VERDICTS,
            **_offers(visit, found),
        )

    return routes


def verdict_routes(pages: Pages, gate: Gate) -> APIRouter:
    """The three verdicts; `gate` carries out what is approved."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/admin/proposals/{proposal_id}/approve")
    def approve(request: Request, proposal_id: _Id, reason: _Reason = "") -> Response:
        return _settled(request, proposal_id, ProposalVerdict.APPROVED, reason)

    @routes.post("/admin/proposals/{proposal_id}/reject")
    def reject(request: Request, proposal_id: _Id, reason: _Reason = "") -> Response:
        return _settled(request, proposal_id, ProposalVerdict.REJECTED, reason)

    @routes.post("/admin/proposals/{proposal_id}/withdraw")
    def withdraw(request: Request, proposal_id: _Id, reason: _Reason = "") -> Response:
        return _settled(request, proposal_id, ProposalVerdict.WITHDRAWN, reason)

    def _settled(request: Request, id_: int, verdict: ProposalVerdict, reason: str) -> Response:
        visit = visit_of(request)
        try:
            gate.settle(id_, verdict, by=actor(visit), reason=clean_text(reason).text)
        except Problem as problem:
            if problem.name != "changed-meanwhile":
                raise
            answer = pages.page(visit, "admin/_late.html", 412)
            answer.headers.update(_TO_NOTICE)
            return answer
        return go_to(f"{_LIST}/{id_}")

    return routes


def _read(connection: Connection, id_: int) -> tuple[Proposal, Told]:
    found = proposals.proposal(connection, id_)
    if found is None:
        raise Problem("not-found", f"There is no proposal {id_}.")
    return found, told(connection, found)


def _offers(visit: Visit, proposal: Proposal) -> dict[str, bool]:
    """What who reads the page can do about it: never say yes or no to their own."""
    waits = proposal.verdict is None
    is_own = visit.person is not None and visit.person.name == proposal.proposed_by
    base = "/admin/proposals/{proposal_id}"
    return {
        "is_own": is_own,
        "may_judge": waits and not is_own and may(visit, "POST", f"{base}/approve"),
        "may_withdraw": waits and is_own and may(visit, "POST", f"{base}/withdraw"),
    }
