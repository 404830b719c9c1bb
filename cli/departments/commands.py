"""`pointsman departments`: list, add. Renaming and retiring move rules along, in the console."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output, printable

app = typer.Typer(no_args_is_help=True, help="Who takes tickets.")

_NAME_CHARS, _DESCRIPTION_CHARS = 30, 100


@app.command("list", epilog="Example: pointsman departments list")
def list_(as_json: AsJson = False) -> None:
    """List every department in use, and which is the default one."""
    from dataclasses import asdict

    from cli.running.services import connected
    from store.engine import transaction
    from store.rules import taxonomy

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, taxonomy.departments)
    for each in found:
        name = printable(each.name, _NAME_CHARS) + (" (default)" if each.is_default else "")
        output.say(f"{name:<30}  {printable(each.description, _DESCRIPTION_CHARS)}".rstrip())
    output.result({"departments": [asdict(each) for each in found]})


@app.command("add", epilog='Example: pointsman departments add billing --description "Invoices"')
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the department is called.")],
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add a department, or take a retired one back, so that rules can name it."""
    import getpass

    from pydantic import ValidationError

    from cli.running.services import connected
    from core.errors import Invalid
    from store.engine import transaction
    from store.rules import departments
    from web.api.departments.schemas import NewDepartment

    output = Output(as_json=as_json)
    try:
        new = NewDepartment(name=name, description=description)
    except ValidationError as error:
        problem = "is too long, or has a slash, a line end or a space at an end"
        raise Invalid("department", problem, "take another name or description") from error
    with connected() as here:
        by = getpass.getuser()
        if not transaction(
            here.engine, lambda c: departments.add(c, new.name, new.description, by=by)
        ):
            raise Invalid("department", f"{new.name} is there", "name another")
    output.say(f"{new.name} may take tickets; a rule sends them there.")
    output.result({"name": new.name, "description": new.description})
