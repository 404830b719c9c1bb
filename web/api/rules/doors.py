"""What the doors of rules have in common: who asks, what can go wrong, and saving."""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Path
from sqlalchemy import Connection, Engine
from starlette.requests import Request

from router.editing import Standing
from store.access.api_tokens import Caller
from store.engine import transaction
from web.access import caller
from web.api.control.gate import Gate
from web.api.control.schemas import MAY_WAIT
from web.api.rules.saving import SAVE, RulesToSave, base_for
from web.api.rules.schemas import SavedRules
from web.problems import Problem, documented

By: TypeAlias = Annotated[Caller, Depends(caller)]
RuleName: TypeAlias = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100, examples=["refunds"])
]
Version: TypeAlias = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[12])]
Build: TypeAlias = Callable[[Connection, Standing | None], dict[str, Any]]
"""Makes the document to save out of what stands."""

OF_READING = documented("unauthenticated", "forbidden", "not-found", "invalid", "unavailable")
OF_TRYING = documented(
    *(
        "malformed",
        "unauthenticated",
        "forbidden",
        "not-found",
        "too-large",
        "invalid",
        "unavailable",
    )
)
OF_SAVING = (
    documented(
        *("malformed", "unauthenticated", "forbidden", "not-found", "changed-meanwhile"),
        *("too-large", "invalid", "match-needed", "unavailable"),
    )
    | MAY_WAIT
)


async def raw_body(request: Request) -> bytes:
    """The body as it came."""
    return await request.body()


Raw: TypeAlias = Annotated[bytes, Depends(raw_body)]


class Saver:
    """Saves what handlers make of the rules that stand."""

    def __init__(self, engine: Engine, gate: Gate) -> None:
        self._engine = engine
        self._gate = gate

    def __call__(
        self, build: Build, *, if_match: str | None, note: str, by: Caller, yours: Any = None
    ) -> SavedRules:
        """Saves the document that `build` makes, if the request was made on what stands.

        Raises:
            Problem: it was not, or the ruleset has errors.
            Invalid: a field is wrong.
            Proposed: it waits for a second person.
        """

        def made(connection: Connection) -> RulesToSave:
            base = base_for(connection, if_match, yours)
            ruleset = build(connection, base)
            return RulesToSave(base=base.version if base else 0, ruleset=ruleset, note=note)

        body = transaction(self._engine, made)
        saved: SavedRules = self._gate.run(SAVE, body, by=by.name, note=note)
        return saved


def must_stand(standing: Standing | None) -> Standing:
    """The rules that stand.

    Raises:
        Problem: none were ever saved.
    """
    if standing is None:
        raise Problem("not-found", "No rules were ever saved.")
    return standing
