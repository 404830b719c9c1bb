"""`pointsman audit`: list, export, verify."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output

app = typer.Typer(no_args_is_help=True, help="Who changed what.")


@app.command("list", epilog="Example: pointsman audit list --limit 20")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="So many of the newest.")] = 50,
    actor: Annotated[str | None, typer.Option(help="Only what they did.")] = None,
    as_json: AsJson = False,
) -> None:
    """List changes, newest first."""
    from cli.audit.lines import entry_line
    from cli.running.services import connected
    from store.access import audit
    from store.engine import transaction

    output, wanted = Output(as_json=as_json), audit.AuditFilter(actor=actor)
    with connected() as here:
        found = transaction(here.engine, lambda c: audit.page(c, wanted, before=None, most=limit))
    for entry in found:
        output.say(entry_line(entry))
    output.result({"entries": [audit.as_line(entry) for entry in found]})


@app.command("export", epilog="Example: pointsman audit export audit.jsonl")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="To write, a JSON object a line.")],
    as_json: AsJson = False,
) -> None:
    """Write the whole log, oldest entry first."""
    from cli.audit.chain import write_log
    from cli.running.services import connected

    output = Output(as_json=as_json)
    with connected() as here:
        entries = write_log(here.engine, file)
    output.say(f"{entries} entries are in {file}.")
    output.result({"entries": entries, "file": str(file)})


@app.command("verify", epilog="Example: pointsman audit verify audit.jsonl")
def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="An export; the log itself if absent.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look along the chain of hashes: changed, missing and slipped-in entries break it."""
    from dataclasses import asdict

    from cli.audit.chain import check_export, check_log
    from cli.audit.lines import check_line
    from cli.running.services import connected

    output = Output(as_json=as_json)
    if file is not None:
        found = check_export(file)
    else:
        with connected() as here:
            found = check_log(here.engine)
    output.say(check_line(found))
    output.result(asdict(found))
    raise typer.Exit(0 if found.broken_at is None else 1)
