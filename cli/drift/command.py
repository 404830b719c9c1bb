"""`pointsman drift`: whether tickets of now are still those that a model was made for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, Device, one_device
from cli.output import Output
from core.errors import Invalid

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from core.settings import Settings
    from trainer.drift.compare import DriftRequest
    from trainer.drift.report import Page

EXAMPLE = "Example: pointsman drift --report drift.html"


def command(  # noqa: PLR0913  (an option each)
    *,
    now: Annotated[
        bool, typer.Option("--now", help="Check the running system before it is due.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="To compare files: artifact folder, as `train` made it.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Tickets of before that the model did not learn from.")
    ] = None,
    current: Annotated[Path | None, typer.Option(help="Tickets of now, labelled or not.")] = None,
    out: Annotated[
        Path | None, typer.Option("--report", "--out", help="HTML page with pictures to write.")
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Files by the linear model: seconds.")
    ] = False,
    min_tickets: Annotated[
        int, typer.Option(min=20, help="Under this a file is too small to judge.")
    ] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds draw equal samples.")] = 0,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest drift report of the running system, or compare two ticket files.

    Texts, labels, scores and expected quality; no labels are needed. With --model, --reference and
    --current it compares files, without any server.
    """
    from core.settings import load_settings

    output, settings = Output(as_json=as_json), load_settings(device=device)
    files = [file for file in (model, reference, current) if file is not None]
    if not files:
        return _show_live(output, settings, now=now, out=out)
    if model is None or reference is None or current is None or now:
        problem = "needs no files" if now else "of --model, --reference and --current is missing"
        fix = "give all three to compare files, or none of them for the running system"
        raise Invalid("--now" if now else "one", problem, fix)
    from trainer.drift.compare import DriftRequest
    from trainer.drift.limits import Limits

    request = DriftRequest(
        model=model,
        reference=reference,
        current=current,
        fast=fast,
        device=one_device(settings.device),
        threads=settings.device_threads,
        limits=Limits(min_tickets=min_tickets),
        seed=seed,
    )
    return _compare_files(output, request, out)


def _compare_files(output: Output, request: "DriftRequest", out: Path | None) -> None:
    from cli.drift.lines import lines_of_files
    from trainer.drift.compare import compare
    from trainer.drift.report import page_of_files

    comparison = compare(request, output.say)
    for line in lines_of_files(comparison):
        output.say(line)
    if out is not None:
        _write(output, out, page_of_files(comparison))
    output.result(comparison.as_object())


def _show_live(output: Output, settings: "Settings", *, now: bool, out: Path | None) -> None:
    from cli.drift.lines import lines_of_window, report_object
    from cli.running.services import connected
    from store.engine import transaction
    from store.figures.drift_reports import newest
    from trainer.drift.report import page_of_window

    with connected() as here:
        if now:
            _check_now(output, settings, here.engine)
        report = transaction(here.engine, newest)
    if report is None:
        output.say("There is no drift report yet; `pointsman drift --now` checks what is there.")
        return output.result({"report": None})
    for line in lines_of_window(report):
        output.say(line)
    if out is not None:
        _write(output, out, page_of_window(report))
    return output.result({"report": report_object(report)})


def _check_now(output: Output, settings: "Settings", engine: "Engine") -> None:
    from trainer.app import make_watch_plan
    from trainer.drift.live import check

    plan = make_watch_plan(settings.model_copy(update={"device": one_device(settings.device)}))
    checked = check(engine, plan, now=True)
    if checked.why:
        output.say(f"Nothing was compared: {checked.why}.")


def _write(output: Output, out: Path, page: "Page") -> None:
    from trainer.drift.report import write_report

    write_report(out, page)
    output.say(f"The report is in {out}.")
