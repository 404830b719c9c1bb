"""`pointsman migrate`: the database to the newest schema."""

from cli.options import AsJson
from cli.output import Output

EXAMPLE = "Example: POINTSMAN_DATABASE_URL=postgresql://localhost/pointsman pointsman migrate"


def command(as_json: AsJson = False) -> None:
    """Bring the database to the newest schema."""
    from cli.running.services import connected
    from migrations.upgrade import current_and_head, upgrade

    output = Output(as_json=as_json)
    with connected() as here:
        before, _ = current_and_head(here.engine)
        upgrade(here.engine, months_ahead=here.settings.partitions_ahead)
        current, _ = current_and_head(here.engine)
    output.say(f"The database is at {current}{', as before' if current == before else ''}.")
    output.result({"revision": current, "before": before})
