"""`pointsman people`: add, list, password, role, disable, enable."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson
from cli.output import Output
from core.types import Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from store.access.people import Person

app = typer.Typer(no_args_is_help=True, help="Who may sign in, and as what.")

_ALL = 1_000_000
Name = Annotated[str, typer.Argument(metavar="NAME", help="An e-mail address or a login.")]
RoleOption = Annotated[Role, typer.Option(help="What they may do.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Holds the password in its first line; - is stdin. Else it is asked on a terminal, "
        "or made and shown this once.",
    ),
]


@app.command("add", epilog="Example: pointsman people add ann@example.com --role ops")
def add(
    name: Name, role: RoleOption, password_file: PasswordFile = None, as_json: AsJson = False
) -> None:
    """Let somebody in by a password."""
    from cli.people.lines import person_object
    from cli.people.passwords import chosen
    from cli.running.services import connected
    from store.access import people
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        made, hashed = chosen(password_file, min_chars=here.settings.password_chars)
        actor = getpass.getuser()
        one = transaction(
            here.engine,
            lambda c: people.add(c, name=name, role=role, password_hash=hashed, actor=actor),
        )
    _tell_password(output, made)
    output.say(f"{one.name} may sign in as {one.role}.")
    output.result({"password": made, **person_object(one)})


@app.command("list", epilog="Example: pointsman people list")
def list_(as_json: AsJson = False) -> None:
    """List everybody with their role and whether they can come in."""
    from cli.people.lines import person_line, person_object
    from cli.running.services import connected
    from store.access import people
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, lambda c: people.people(c, after=0, most=_ALL))
    for one in found:
        output.say(person_line(one))
    output.result({"people": [person_object(one) for one in found]})


@app.command("password", epilog="Example: pointsman people password ann@example.com")
def password(name: Name, password_file: PasswordFile = None, as_json: AsJson = False) -> None:
    """Give somebody another password: their sessions end, and a lock is lifted."""
    from cli.people.passwords import chosen
    from cli.running.services import connected
    from store.access import people
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        made, hashed = chosen(password_file, min_chars=here.settings.password_chars)

        def work(connection: "Connection") -> None:
            one = people.person_named(connection, name)
            people.set_password(connection, one, hashed, actor=getpass.getuser())

        transaction(here.engine, work)
    _tell_password(output, made)
    output.say(f"{name} signs in anew.")
    output.result({"name": name, "password": made})


@app.command("role", epilog="Example: pointsman people role ann@example.com approver")
def role(
    name: Name,
    new: Annotated[Role, typer.Argument(metavar="ROLE", help="What they may do.")],
    as_json: AsJson = False,
) -> None:
    """Give somebody another role; it counts from their next request on."""
    one = _changed(name, lambda one: (new, one.disabled_at is not None))
    _tell(one, f"{one.name} is {one.role} now.", as_json=as_json)


@app.command("disable", epilog="Example: pointsman people disable ann@example.com")
def disable(name: Name, as_json: AsJson = False) -> None:
    """Let somebody in no more: their sessions end at once."""
    one = _changed(name, lambda one: (one.role, True))
    _tell(one, f"{one.name} cannot sign in any more.", as_json=as_json)


@app.command("enable", epilog="Example: pointsman people enable ann@example.com")
def enable(name: Name, as_json: AsJson = False) -> None:
    """Let somebody in again who was disabled."""
    one = _changed(name, lambda one: (one.role, False))
    _tell(one, f"{one.name} may sign in again.", as_json=as_json)


def _changed(name: str, wanted: "Callable[[Person], tuple[Role, bool]]") -> "Person":
    from cli.running.services import connected
    from store.access import people
    from store.engine import transaction

    def work(connection: "Connection") -> "Person":
        one = people.person_named(connection, name)
        new, disabled = wanted(one)
        return people.change(connection, one, actor=getpass.getuser(), role=new, disabled=disabled)

    with connected() as here:
        return transaction(here.engine, work)


def _tell(one: "Person", words: str, *, as_json: bool) -> None:
    from cli.people.lines import person_object

    output = Output(as_json=as_json)
    output.say(words)
    output.result(person_object(one))


def _tell_password(output: Output, made: str | None) -> None:
    if made is not None and not output.as_json:
        output.say(made)
        output.say("Keep this password now: it is shown this once.")
