"""The command line `pointsman`: one module a noun, put together here.

Importing this is quick: commands import what they work with when they run. Errors of
`core.errors` end as one line on stderr that says what to do next.
"""

from collections.abc import Sequence

import typer

from cli import conformance, migrate
from cli.audit import commands as audit
from cli.backup import commands as backup
from cli.connections import commands as connections
from cli.corrections import commands as corrections
from cli.demo import command as demo
from cli.departments import commands as departments
from cli.doctor import command as doctor
from cli.drift import command as drift
from cli.labels import commands as labels
from cli.models import commands as models
from cli.output import complain
from cli.people import commands as people
from cli.privacy import commands as erase
from cli.review import commands as review
from cli.rules import commands as rules
from cli.running import up
from cli.running.interrupts import forget_wishes, was_wished
from cli.tickets import commands as tickets
from cli.tokens import commands as tokens
from cli.training import compare, evaluate, export, predict, retrain, train
from cli.webhooks import commands as webhooks
from core.errors import (
    ArtifactInvalid,
    Invalid,
    Permanent,
    PointsmanError,
    StateLocked,
    Transient,
)
from core.telemetry import warnings_on_stderr

FAILED, BAD_ARGUMENTS, STOPPED = 1, 2, 130

app = typer.Typer(
    name="pointsman",
    help="Routes support tickets to departments.",
    epilog="Start with: pointsman demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo", epilog=demo.EXAMPLE)(demo.command)
app.command("up", epilog=up.EXAMPLE)(up.command)
app.command("migrate", epilog=migrate.EXAMPLE)(migrate.command)
app.command("conformance", epilog=conformance.EXAMPLE)(conformance.command)
app.command("doctor", epilog=doctor.EXAMPLE)(doctor.command)
app.command("backup", epilog=backup.BACKUP_EXAMPLE)(backup.backup)
app.command("restore", epilog=backup.RESTORE_EXAMPLE)(backup.restore)
app.command("train", epilog=train.EXAMPLE)(train.command)
app.command("evaluate", epilog=evaluate.EXAMPLE)(evaluate.command)
app.command("export", epilog=export.EXAMPLE)(export.command)
app.command("drift", epilog=drift.EXAMPLE)(drift.command)
app.command("compare", epilog=compare.EXAMPLE)(compare.command)
app.command("predict", epilog=predict.EXAMPLE)(predict.command)
app.command("erase", epilog=erase.EXAMPLE)(erase.command)
app.command("retrain", epilog=retrain.EXAMPLE)(retrain.command)
app.add_typer(models.app, name="models")
app.add_typer(labels.app, name="labels")
app.add_typer(departments.app, name="departments")
app.add_typer(corrections.app, name="corrections")
app.add_typer(connections.app, name="connections")
app.add_typer(review.app, name="review")
app.add_typer(tickets.app, name="tickets")
app.add_typer(tokens.app, name="tokens")
app.add_typer(people.app, name="people")
app.add_typer(rules.app, name="rules")
app.add_typer(audit.app, name="audit")
app.add_typer(webhooks.app, name="webhooks")

# First match counts. Invalid, StateLocked and whatever names a command say themselves what to do.
_ADVICE: tuple[tuple[type[PointsmanError], str], ...] = (
    (Invalid, ""),
    (StateLocked, ""),
    (ArtifactInvalid, "train it again with `pointsman train`, or name another folder"),
    (Transient, "try again; `pointsman doctor` tells what is away"),
    (
        Permanent,
        "`pointsman doctor` tells what is wrong; a missing table wants `pointsman migrate`",
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line.

    Args:
        arguments: without the program's name; those of the process if None.

    Returns:
        The exit status: 0 done, 1 failed or refused in part, 2 bad arguments, 130 on Ctrl-C.
    """
    forget_wishes()
    try:
        with warnings_on_stderr():
            app(arguments)
    except PointsmanError as error:
        if was_wished():
            return STOPPED
        complain(error_line(error))
        return BAD_ARGUMENTS if isinstance(error, Invalid) else FAILED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def error_line(error: PointsmanError) -> str:
    """What went wrong and what to do next, in one line."""
    message = " ".join(str(error).split())
    advice = next((advice for kind, advice in _ADVICE if isinstance(error, kind)), "")
    if not advice or "`" in message:
        return f"pointsman: {message}"
    return f"pointsman: {message}; {advice}"
