"""`/v1/proposals`: changes that wait for a second person."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import JSONResponse

from core.text import clean_text
from core.types import ProposalVerdict
from store.access import proposals
from store.access.api_tokens import Caller
from store.engine import transaction
from web.access import caller
from web.api.control.gate import Gate, Proposed
from web.api.control.schemas import ProposalPage, ProposalShape, Settled, WantedProposals
from web.api.cursors import cursor_of_number, number_of
from web.problems import Problem, documented

_Id = Annotated[int, Path(ge=1, le=(1 << 63) - 1)]
_Who = Annotated[Caller, Depends(caller)]
_PROBLEMS = documented(
    "unauthenticated", "forbidden", "not-found", "conflict", "invalid", "unavailable"
)


def answer_proposed(_request: Request, proposed: Exception) -> JSONResponse:
    """The answer to a change that waits: what was kept, and where it is."""
    assert isinstance(proposed, Proposed)
    kept = ProposalShape.model_validate(proposed.kept)
    place = {"location": f"/v1/proposals/{kept.id}"}
    return JSONResponse(kept.model_dump(mode="json"), 202, place)


def proposal_routes(engine: Engine, gate: Gate) -> APIRouter:
    """The routes; `gate` carries out what is approved."""
    routes = APIRouter(prefix="/v1/proposals", tags=["control"])

    @routes.get(
        "",
        response_model=ProposalPage,
        responses=documented("unauthenticated", "forbidden", "invalid", "unavailable"),
        summary="List proposals, newest first",
    )
    def list_(wanted: Annotated[WantedProposals, Query()]) -> ProposalPage:
        """Those that wait and those that were settled, or the former alone."""
        before = None if wanted.cursor is None else number_of(wanted.cursor)
        found = transaction(
            engine,
            lambda c: proposals.proposals(
                c, before=before, most=wanted.limit, waiting=wanted.waiting
            ),
        )
        return ProposalPage(
            proposals=[ProposalShape.model_validate(each) for each in found],
            next=cursor_of_number(found[-1].id) if len(found) == wanted.limit else None,
        )

    @routes.get(
        "/{proposal_id}",
        response_model=ProposalShape,
        responses=documented("unauthenticated", "forbidden", "not-found", "invalid", "unavailable"),
        summary="One proposal",
    )
    def show(proposal_id: _Id) -> proposals.Proposal:
        """With the whole body of the change."""
        found = transaction(engine, lambda c: proposals.proposal(c, proposal_id))
        if found is None:
            raise Problem("not-found", f"There is no proposal {proposal_id}.")
        return found

    @routes.post(
        "/{proposal_id}/approve",
        response_model=ProposalShape,
        responses=_PROBLEMS | documented("changed-meanwhile"),
        summary="Carry it out",
    )
    def approve(proposal_id: _Id, said: Settled, who: _Who) -> proposals.Proposal:
        """Never one's own. If it no longer fits what stands it is refused and waits on."""
        return _settle(proposal_id, ProposalVerdict.APPROVED, said, who)

    @routes.post(
        "/{proposal_id}/reject",
        response_model=ProposalShape,
        responses=_PROBLEMS,
        summary="Refuse it",
    )
    def reject(proposal_id: _Id, said: Settled, who: _Who) -> proposals.Proposal:
        """Never one's own, which is withdrawn."""
        return _settle(proposal_id, ProposalVerdict.REJECTED, said, who)

    @routes.post(
        "/{proposal_id}/withdraw",
        response_model=ProposalShape,
        responses=_PROBLEMS,
        summary="Take back one's own",
    )
    def withdraw(proposal_id: _Id, said: Settled, who: _Who) -> proposals.Proposal:
        """It can be proposed again."""
        return _settle(proposal_id, ProposalVerdict.WITHDRAWN, said, who)

    def _settle(
        id_: int, verdict: ProposalVerdict, said: Settled, who: Caller
    ) -> proposals.Proposal:
        reason = clean_text(said.reason).text
        return gate.settle(id_, verdict, by=who.name, reason=reason)

    return routes
