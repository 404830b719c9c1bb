"""`pointsman labels level` and `pointsman labels threshold`: what labels may do by themselves."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output
from core.types import Automation

LEVEL_EXAMPLE = "Example: pointsman labels level refund invoice preselect --preselect-from 0.4"
THRESHOLD_EXAMPLE = "Example: pointsman labels threshold refund --precision 0.9 --apply"


def level(
    labels: Annotated[list[str], typer.Argument(metavar="LABEL...", help="Which labels.")],
    automation: Annotated[
        Automation, typer.Argument(metavar="LEVEL", help="How much they may do.")
    ],
    preselect_from: Annotated[
        float | None, typer.Option(help="Score from which agents find them ticked, 0 to 1.")
    ] = None,
    auto_from: Annotated[
        float | None, typer.Option(help="Score from which they steer rules, 0 to 1.")
    ] = None,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget their scores: the model's thresholds count.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what labels may do: off, shadow, suggest, preselect or auto. Workers follow in seconds.

    A score that is not given stays as it is.
    """
    from cli.labels.levelling import level_line, level_object, set_levels
    from cli.running.services import connected

    output = Output(as_json=as_json)
    with connected() as here:
        changes = set_levels(
            here.engine,
            labels,
            automation,
            preselect_from=preselect_from,
            auto_from=auto_from,
            reset=reset,
        )
    for label, before, after in changes:
        output.say(f"{label}: {level_line(before)} → {level_line(after)}")
    output.result(
        {label: {"before": level_object(b), "after": level_object(a)} for label, b, a in changes}
    )


def threshold(  # noqa: PLR0913, PLR0917  (an option each)
    labels: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LABEL]...", help="Which labels; all if left out."),
    ] = None,
    precision: Annotated[
        float | None, typer.Option(help="Share of predictions that has to be right, such as 0.9.")
    ] = None,
    recall: Annotated[
        float | None, typer.Option(help="Share of tickets with the label that has to be found.")
    ] = None,
    coverage: Annotated[
        float | None, typer.Option(help="Share of tickets that has to get a label; all labels.")
    ] = None,
    cost_misroute_minutes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="M",
            help="Minutes that a misroute costs; again as DEPARTMENT=M where it differs.",
        ),
    ] = None,
    cost_look_minutes: Annotated[
        float | None, typer.Option(help="Minutes that a person needs to place a ticket.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Let the thresholds count.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the thresholds that reach a goal with what they are worth; without a goal, today's.

    Precision, recall and coverage are promised with 95 % confidence. A label that cannot keep a
    promise is taken back to level suggest by --apply.
    """
    from cli.labels.threshold_goals import Wish
    from cli.labels.threshold_view import minutes_line, plan_lines, plan_object
    from cli.labels.thresholding import thresholds_for
    from cli.running.services import connected

    output = Output(as_json=as_json)
    wish = Wish(
        precision=precision,
        recall=recall,
        coverage=coverage,
        misroute=cost_misroute_minutes or (),
        look=cost_look_minutes,
    )
    with connected() as here:
        shown = thresholds_for(here.engine, labels or (), wish, apply=apply)
    plan = shown.plan
    for line in plan_lines(plan):
        output.say(line)
    if (lost := minutes_line(plan)) is not None:
        output.say(lost)
    if plan.has_goal and not apply:
        output.say("Nothing is changed yet; --apply lets these thresholds count.")
    output.result(plan_object(shown))
