"""`pointsman erase`: a ticket or a customer out of everything, with a receipt."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output
from core.errors import Invalid

EXAMPLE = "Example: pointsman erase BW-1042"


def command(
    ticket: Annotated[
        str | None, typer.Argument(metavar="[TICKET]", help="Its UUID, or its sender's id.")
    ] = None,
    customer: Annotated[
        str | None, typer.Option(help="Every ticket that names this customer.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Who sent the ticket, where several use its id.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Erase a ticket, or every ticket of a customer: rows, payloads, data sets. No way back."""
    import getpass

    from cli.privacy.erasing import erase, receipt_lines
    from cli.running.services import connected

    if (ticket is None) == (customer is None):
        raise Invalid("TICKET", "and --customer: exactly one is wanted", "name one of them")
    output = Output(as_json=as_json)
    with connected() as here:
        told = erase(here, ticket=ticket, customer=customer, source=source, by=getpass.getuser())
    for line in receipt_lines(told):
        output.say(line)
    output.result(told)
