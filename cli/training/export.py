"""`pointsman export`: a copy of a model that carries a faster backend for the CPU."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import Output

EXAMPLE = "Example: pointsman export --model model --backend onnx-int8 --data val.jsonl.gz"


def command(
    model: Annotated[Path, typer.Option(help="Artifact folder, as `train` made it.")],
    backend: Annotated[str, typer.Option(help="onnx-int8 or openvino-int8.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Labelled tickets to measure on; without, the demo's, and torch is the truth."
        ),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option(help="Tickets that the model learned from, to fit openvino-int8 to."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to make; MODEL-BACKEND if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build a faster backend; refused when it loses more than half a point of F1."""
    from classifier.key_files import signers_keys
    from classifier.signing import use_keys
    from cli.demo.plan import SAMPLES
    from core.settings import load_settings
    from trainer.exporting.export import ExportRequest, export

    settings, output = load_settings(), Output(as_json=as_json)
    use_keys(signers_keys(settings))
    request = ExportRequest(
        model=model,
        backend=backend,
        data=data or SAMPLES / "tickets.jsonl",
        told=data is not None,
        texts=texts,
        out=out or model.with_name(f"{model.name}-{backend}"),
        threads=settings.device_threads,
    )
    exported = export(request)
    loss, version = exported.loss, exported.artifact.version
    output.say(f"{'':<12}  {backend:<14}  torch")
    output.say(f"{'micro_f1':<12}  {loss.micro_f1:<14.4f}  {loss.torch_micro_f1:.4f}")
    output.say(f"{'macro_f1':<12}  {loss.macro_f1:<14.4f}  {loss.torch_macro_f1:.4f}")
    output.say(f"{'tickets/s':<12}  {loss.tickets_per_s:<14}  {loss.torch_tickets_per_s}")
    output.say(f"Model {version} is in {request.out}; `pointsman models activate` serves it.")
    output.result(
        {
            "out": str(request.out),
            "version": version,
            "backend": backend,
            "ratio": round(loss.ratio, 2),
            **asdict(loss),
        }
    )
