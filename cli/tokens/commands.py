"""`pointsman tokens`: create, list, rotate, revoke."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson
from cli.output import Output
from core.errors import Invalid
from core.types import Role

if TYPE_CHECKING:
    from store.access.api_tokens import NewToken

app = typer.Typer(no_args_is_help=True, help="Who may call the HTTP API, and as what.")

_ALL = 1_000_000
Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the caller.")]


@app.command(
    "create", epilog="Example: pointsman tokens create zendesk --role helpdesk --source zendesk"
)
def create(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the caller may do.")],
    expires_days: Annotated[
        float | None, typer.Option(min=0, help="Void after so many days; never if absent.")
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="Narrows the role to such doors, `tickets:write` say; may be repeated."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            help="Binds it to tickets of this source; may be repeated. It sends as the first."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. It is shown now and never again."""
    import getpass
    from datetime import timedelta

    from cli.running.services import connected
    from cli.tokens.scopes import checked, named
    from store.access import api_tokens
    from store.access.api_tokens import Wanted
    from store.engine import transaction

    lifetime = None if expires_days is None else timedelta(days=expires_days)
    wanted = Wanted(
        name=name,
        role=role,
        scopes=checked(scope),
        sources=named(source),
        lifetime=lifetime,
    )
    with connected() as here:
        made = transaction(
            here.engine, lambda c: api_tokens.create(c, wanted, actor=getpass.getuser())
        )
    _tell(made, as_json=as_json)


@app.command("list", epilog="Example: pointsman tokens list")
def list_(as_json: AsJson = False) -> None:
    """List every token with its role, its last use and whether it lives."""
    from datetime import UTC, datetime

    from cli.running.services import connected
    from cli.tokens.lines import token_line, token_object
    from store.access import api_tokens
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, lambda c: api_tokens.tokens(c, after=0, most=_ALL))
    for token in found:
        output.say(token_line(token, now=datetime.now(UTC)))
    output.result({"tokens": [token_object(token) for token in found]})


@app.command("rotate", epilog="Example: pointsman tokens rotate zendesk")
def rotate(name: Name, as_json: AsJson = False) -> None:
    """Give a token a new secret; the old one goes on for POINTSMAN_TOKEN_GRACE_HOURS."""
    import getpass
    from datetime import timedelta

    from cli.running.services import connected
    from store.access import api_tokens
    from store.engine import transaction

    with connected() as here:
        grace = timedelta(hours=here.settings.token_grace_hours)
        made = transaction(
            here.engine,
            lambda c: api_tokens.rotate(
                c, api_tokens.unrevoked(c, name), grace=grace, actor=getpass.getuser()
            ),
        )
    if made is None:
        raise Invalid("name", "is that of a token that is over", "revoke it and create another")
    _tell(made, as_json=as_json)


@app.command("revoke", epilog="Example: pointsman tokens revoke zendesk")
def revoke(name: Name, as_json: AsJson = False) -> None:
    """Make a token void at once; its name is free again."""
    import getpass

    from cli.running.services import connected
    from store.access import api_tokens
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        transaction(
            here.engine,
            lambda c: api_tokens.revoke(c, api_tokens.unrevoked(c, name), actor=getpass.getuser()),
        )
    output.say(f"{name} opens nothing any more.")
    output.result({"revoked": name})


def _tell(made: "NewToken", *, as_json: bool) -> None:
    from cli.tokens.lines import token_object

    output = Output(as_json=as_json)
    if not as_json:
        output.say(made.secret)
        output.say("Keep it now: it is shown this once. Send it as `Authorization: Bearer …`.")
    output.result({"token": made.secret, **token_object(made.token)})
