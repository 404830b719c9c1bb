"""`pointsman connections`: list, apply, remove, preview."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson
from cli.output import Output, printable
from core.errors import Invalid

if TYPE_CHECKING:
    from web.api.connections.schemas import Connection

app = typer.Typer(
    no_args_is_help=True, help="Helpdesks that send tickets and that decisions are written into."
)

_NAME_CHARS = 30
_MOST_BYTES = 4_194_304
Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the connection.")]
File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)]


@app.command("list", epilog="Example: pointsman connections list")
def list_(as_json: AsJson = False) -> None:
    """List every connection, without its secrets."""
    from cli.running.services import connected
    from store.engine import transaction
    from store.helpdesk import helpdesks
    from web.api.connections.changes import shown

    output = Output(as_json=as_json)
    with connected() as here:
        found = [shown(each) for each in transaction(here.engine, helpdesks.connections)]
    for each in found:
        output.say(_line(each))
    output.result({"connections": [each.model_dump(mode="json") for each in found]})


@app.command("apply", epilog="Example: pointsman connections apply zammad.yaml")
def apply(file: File, as_json: AsJson = False) -> None:
    """Make a connection, or change it: a file of YAML or JSON as POST /v1/connections takes it."""
    import getpass

    from sqlalchemy import Connection as Transaction

    from cli.running.services import connected
    from store.engine import transaction
    from store.helpdesk import helpdesks
    from web.api.connections.changes import add_connection, change_connection, shown, terms_of
    from web.api.connections.schemas import ConnectionChange, NewConnection

    wanted = _shaped(NewConnection, _read(file))
    with connected() as here:
        terms, by = terms_of(here.settings), getpass.getuser()

        def work(connection: Transaction) -> Any:
            stands = helpdesks.find(connection, wanted.name)
            if stands is None:
                return add_connection(connection, wanted, by, terms)
            if stands.kind is not wanted.kind:
                raise Invalid("kind", f"is {stands.kind}", "take another name")
            said = wanted.model_dump(exclude={"name", "kind"}, exclude_unset=True)
            change = ConnectionChange.model_validate(said)
            return change_connection(connection, wanted.name, change, by, terms, if_match="*")

        stands = shown(_told(lambda: transaction(here.engine, work)))
    output = Output(as_json=as_json)
    output.say(_line(stands))
    output.result(stands.model_dump(mode="json"))


@app.command("remove", epilog="Example: pointsman connections remove zammad")
def remove(name: Name, as_json: AsJson = False) -> None:
    """Forget a connection. Its tickets stay."""
    import getpass

    from cli.running.services import connected
    from store.engine import transaction
    from web.api.connections.changes import remove_connection

    output = Output(as_json=as_json)
    with connected() as here:
        by = getpass.getuser()
        _told(
            lambda: transaction(here.engine, lambda c: remove_connection(c, name, by, if_match="*"))
        )
    output.say(f"{name} is forgotten; its tickets stay.")
    output.result({"removed": name})


@app.command("preview", epilog="Example: pointsman connections preview zammad sample.json")
def preview(name: Name, file: File, as_json: AsJson = False) -> None:
    """Show what a delivery would become; nothing of it is kept."""
    from cli.running.services import connected
    from store.engine import transaction
    from web.api.connections import changes

    output = Output(as_json=as_json)
    with connected() as here:
        desk = _told(lambda: transaction(here.engine, lambda c: changes.found(c, name)))
    told = changes.preview(desk.kind, desk.mapping, _read(file))
    shown = told.model_dump(mode="json")
    for field, value in {**(shown.pop("ticket") or {}), **shown}.items():
        output.say(f"{field:<12}  {printable(str(value), 80)}")
    output.result(told.model_dump(mode="json"))


def _line(each: "Connection") -> str:
    writes = f"writes {', '.join(each.writes)}" if each.writes else "writes nothing"
    state = "" if each.active else ", not in use"
    return f"{printable(each.name, _NAME_CHARS):<20}  {each.kind:<15}  {writes}{state}"


def _read(file: Path) -> dict[str, Any]:
    """The object of a file; YAML is JSON's superset.

    Raises:
        Invalid: there is none in it.
    """
    import yaml

    if file.stat().st_size > _MOST_BYTES:
        raise Invalid(str(file), "is too large", "give a smaller one")
    try:
        read = yaml.safe_load(file.read_text("utf-8"))
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError, ValueError) as error:
        raise Invalid(str(file), "is no YAML in UTF-8", "write it as docs/helpdesks do") from error
    if not isinstance(read, dict):
        raise Invalid(str(file), "holds no object", "write it as docs/helpdesks do")
    return read


def _shaped(shape: Any, fields: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    try:
        return shape.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "file"
        fix = "see docs/api.md, Connections"
        raise Invalid(field, first["msg"].lower(), fix) from error


def _told(work: Any) -> Any:
    """What the API would answer as a problem, as an error of the command line."""
    from web.problems import Problem

    try:
        return work()
    except Problem as problem:
        fix = problem.more.get("fix", "see `pointsman connections list`")
        raise Invalid("connection", str(problem.detail), fix) from problem
