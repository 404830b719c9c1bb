"""`pointsman tokens`: create, list, revoke."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output
from core.types import Role

app = typer.Typer(no_args_is_help=True, help="Who may call the HTTP API, and as what.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the caller.")]


@app.command("create", epilog="Example: pointsman tokens create zendesk --role helpdesk")
def create(
    name: Name,
    role: Annotated[Role, typer.Option(help="What the caller may do.")],
    expires_days: Annotated[
        float | None, typer.Option(min=0, help="Void after so many days; never if absent.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. It is shown now and never again."""
    import getpass
    from datetime import timedelta

    from cli.running.services import connected
    from cli.tokens.lines import token_object
    from store import api_tokens
    from store.engine import transaction

    output = Output(as_json=as_json)
    lifetime = None if expires_days is None else timedelta(days=expires_days)
    with connected() as here:
        made = transaction(
            here.engine,
            lambda c: api_tokens.create(
                c, name=name, role=role, lifetime=lifetime, actor=getpass.getuser()
            ),
        )
    if not as_json:
        output.say(made.secret)
        output.say("Keep it now: it is shown this once. Send it as `Authorization: Bearer …`.")
    output.result({"token": made.secret, **token_object(made.token)})


@app.command("list", epilog="Example: pointsman tokens list")
def list_(as_json: AsJson = False) -> None:
    """List every token with its role, its last use and whether it lives."""
    from datetime import UTC, datetime

    from cli.running.services import connected
    from cli.tokens.lines import token_line, token_object
    from store import api_tokens
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, api_tokens.tokens)
    for token in found:
        output.say(token_line(token, now=datetime.now(UTC)))
    output.result({"tokens": [token_object(token) for token in found]})


@app.command("revoke", epilog="Example: pointsman tokens revoke zendesk")
def revoke(name: Name, as_json: AsJson = False) -> None:
    """Make a token void at once; its name is free again."""
    import getpass

    from cli.running.services import connected
    from store import api_tokens
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        transaction(here.engine, lambda c: api_tokens.revoke(c, name, actor=getpass.getuser()))
    output.say(f"{name} opens nothing any more.")
    output.result({"revoked": name})
