"""The rules page: what stands, and a draft of what is to come, which each request gives back whole.

A request carries the draft and the revision that it was made on, does one thing to it, and answers
with the page as it is then. Only `/rules/save` changes anything, through the door of all rules.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from router.ruleset import ruleset_object
from store.access.proposals import Proposal
from store.engine import one_moment, transaction
from web.access import caller
from web.api.control.gate import Gate, Proposed
from web.api.rules.doors import Saver
from web.api.rules.schemas import SavedRules
from web.console.labels.answers import may
from web.console.pages import Pages, Visit
from web.console.rules.bench import Bench, Sent, bench_of, sent
from web.console.rules.work import Part, Work
from web.console.visits import visit_of
from web.console.words import N_
from web.etags import etag_of
from web.problems import Problem

_Form: TypeAlias = Annotated[Sent, Depends(sent)]
_NOTHING = Sent(fields={})
_WAYS = (
    ("/rules/try", N_("Try")),
    ("/rules/backtest", N_("Backtest")),
    ("/rules/suggestions", N_("Suggestions")),
)


def rule_page_routes(engine: Engine, pages: Pages, gate: Gate) -> APIRouter:
    """`/rules` and what works on a draft."""
    routes = APIRouter(include_in_schema=False)
    rules = _RulePages(engine, pages, Saver(engine, gate))

    @routes.get("/rules")
    def page(request: Request) -> HTMLResponse:
        visit = visit_of(request)
        return pages.page(visit, "rules/list.html", desk=None, **offers(visit))

    @routes.get("/rules/desk")
    def desk(request: Request) -> HTMLResponse:
        return rules.shown(request, _NOTHING, Work.as_it_stands)

    @routes.post("/rules/draft")
    def draft(request: Request, form: _Form) -> HTMLResponse:
        if request.headers.get("hx-target") == "main":
            return rules.handed(request, form)
        return rules.shown(request, form, Work.done)

    @routes.post("/rules/save")
    def save(request: Request, form: _Form) -> HTMLResponse:
        return rules.saved(request, form)

    return routes


class _RulePages:
    """Answers with parts of the rules page, or with all of it."""

    def __init__(self, engine: Engine, pages: Pages, saver: Saver) -> None:
        self._engine = engine
        self._pages = pages
        self._saver = saver

    def shown(
        self, request: Request, form: Sent, step: Callable[[Work], Part], status: int = 200
    ) -> HTMLResponse:
        """The part that a step gives; 422 where it is about something wrong."""
        template, shown = self._worked(form, step)
        visit = visit_of(request)
        found = 422 if shown.get("wrong") else status
        return self._pages.page(visit, template, found, **shown, **offers(visit))

    def handed(self, request: Request, form: Sent) -> HTMLResponse:
        """The page with a draft that another page made."""
        visit, (_, shown) = visit_of(request), self._worked(form, Work.handed)
        answer = self._pages.page(visit, "rules/list.html", **shown, **offers(visit))
        answer.headers["hx-push-url"] = "/rules"
        return answer

    def saved(self, request: Request, form: Sent) -> HTMLResponse:
        """The rules as they are now, or the draft with what stood in the way, from its top."""
        answer = self._saved(request, form)
        answer.headers["hx-reswap"] = "innerHTML show:window:top"
        return answer

    def _saved(self, request: Request, form: Sent) -> HTMLResponse:
        bench = bench_of(form)
        try:
            done = _let_decide(self._saver, request, bench)
        except Proposed as waiting:
            return proposed(self._pages, visit_of(request), waiting.kept)
        except Problem as problem:
            if problem.name not in ("changed-meanwhile", "invalid"):
                raise
            return self.shown(request, form, Work.shown, problem.status_code)
        return self.shown(request, form, lambda w: w.as_it_stands(saved=done, undo=bench.base))

    def _worked(self, form: Sent, step: Callable[[Work], Part]) -> Part:
        def work(connection: Connection) -> Part:
            one_moment(connection)
            return step(Work(connection=connection, form=form))

        return transaction(self._engine, work)


def offers(visit: Visit) -> dict[str, Any]:
    """Which changes and pages the pages of rules offer to who reads them."""
    ways = [(path, name) for path, name in _WAYS if may(visit, "GET", path)]
    return {"may_edit": may(visit, "POST", "/rules/save"), "ways": ways}


def notice(pages: Pages, visit: Visit, template: str, status: int, **shown: Any) -> HTMLResponse:
    """An answer that stands where notices do, and leaves the page as it is."""
    answer = pages.page(visit, template, status, **shown)
    answer.headers.update({"hx-retarget": "#notice", "hx-reswap": "innerHTML show:window:top"})
    return answer


def proposed(pages: Pages, visit: Visit, kept: Proposal) -> HTMLResponse:
    """The answer to a change that waits for a second person."""
    return notice(pages, visit, "labels/_waits.html", 202, proposal=kept)


def _let_decide(saver: Saver, request: Request, bench: Bench) -> SavedRules:
    """Lets the draft decide from now on.

    Raises:
        Problem: another revision stands, or the draft has errors.
        Proposed: it waits for a second person.
    """
    wanted, match = ruleset_object(bench.draft), etag_of(bench.base)
    by = caller(request)
    return saver(lambda _c, _s: wanted, if_match=match, note=bench.note, by=by, yours=wanted)
