"""`pointsman drift`: whether tickets of now are still those that a model was made for."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, Device, one_device
from cli.output import Output

if TYPE_CHECKING:
    from trainer.drift.compare import Comparison

EXAMPLE = "Example: pointsman drift --model model --reference test.jsonl.gz --current now.jsonl"


def command(  # noqa: PLR0913  (an option each)
    *,
    model: Annotated[Path, typer.Option(help="Artifact folder, as `train` made it.")],
    reference: Annotated[
        Path, typer.Option(help="Tickets of before that the model did not learn from.")
    ],
    current: Annotated[Path, typer.Option(help="Tickets of now, labelled or not.")],
    out: Annotated[Path | None, typer.Option(help="HTML report to write.")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="By the linear model: seconds.")] = False,
    min_tickets: Annotated[
        int, typer.Option(min=20, help="Under this a file is too small to judge.")
    ] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds draw equal samples.")] = 0,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Compare two ticket files: texts, labels, scores and expected quality."""
    from core.settings import load_settings
    from trainer.drift.compare import DriftRequest, compare
    from trainer.drift.limits import Limits
    from trainer.drift.report import write_report

    settings, output = load_settings(device=device), Output(as_json=as_json)
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
    comparison = compare(request, output.say)
    for line in drift_lines(comparison):
        output.say(line)
    if out is not None:
        write_report(out, comparison)
        output.say(f"The report is in {out}.")
    output.result(comparison.as_object())


def drift_lines(comparison: "Comparison") -> Iterator[str]:
    """A line for each label, the gravest first; then whatever is not quiet, in words."""
    from trainer.drift.findings import gravest
    from trainer.drift.label_rows import label_rows
    from trainer.drift.report import grave_findings

    rows = label_rows(comparison.findings)
    width = max((len(row.label) for row in rows), default=0)
    if rows:
        yield f"{'label':<{width}}   share    now    PSI  exp. F1    now  severity"
    for row in rows:
        yield (
            f"{row.label:<{width}}  {row.share[0]:>6.1%} {row.share[1]:>6.1%}  {row.psi[0]:.3f}"
            f"    {row.f1[0]:.3f}  {row.f1[1]:.3f}  {row.severity}"
        )
    for finding in grave_findings(comparison.findings):
        yield f"{finding.severity.replace('_', ' ')}: {finding.sentence}"
    before, now = len(comparison.reference.window), len(comparison.current.window)
    severity = gravest(comparison.findings).replace("_", " ")
    yield f"{before} tickets before, {now} now: {severity}"
