"""`pointsman models`: list, show, activate, rollback."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output

app = typer.Typer(no_args_is_help=True, help="Which models can serve, and which one does.")

Version = Annotated[
    str, typer.Argument(metavar="VERSION", help="A version or its beginning, or a folder.")
]


@app.command("list", epilog="Example: pointsman models list")
def list_(as_json: AsJson = False) -> None:
    """List every version with what the gate said of it, newest first."""
    from cli.model_versions import version_line, version_object
    from cli.services import connected
    from store.engine import transaction
    from store.model_versions import known_versions

    output = Output(as_json=as_json)
    with connected() as here:
        found = transaction(here.engine, known_versions)
    for known in found:
        output.say(version_line(known))
    output.result({"models": [version_object(known) for known in found]})


@app.command("show", epilog="Example: pointsman models show 2217492d")
def show(version: Version, as_json: AsJson = False) -> None:
    """Show one version: figures, gate, where its report is."""
    from cli.model_versions import version_card, version_object
    from cli.services import connected
    from store.engine import transaction
    from store.model_versions import find

    output = Output(as_json=as_json)
    with connected() as here:
        known = transaction(here.engine, lambda c: find(c, version))
    output.say(version_card(known))
    output.result(version_object(known))


@app.command("activate", epilog="Example: pointsman models activate 2217492d")
def activate(version: Version, as_json: AsJson = False) -> None:
    """Let a version serve, even one that the gate rejected. Workers follow within seconds."""
    from cli.model_versions import activate as activate_version
    from cli.services import connected

    output = Output(as_json=as_json)
    with connected() as here:
        active = activate_version(here.engine, version)
    output.say(f"{active} serves now; workers follow within seconds.")
    output.result({"active": active})


@app.command("rollback", epilog="Example: pointsman models rollback")
def rollback(as_json: AsJson = False) -> None:
    """Go back to the version that served before. Nothing is trained for it."""
    import getpass

    from cli.services import connected
    from store import model_versions
    from store.engine import transaction

    output = Output(as_json=as_json)
    with connected() as here:
        active = transaction(
            here.engine, lambda c: model_versions.rollback(c, actor=getpass.getuser())
        )
    output.say(f"{active} serves again; workers follow within seconds.")
    output.result({"active": active})
