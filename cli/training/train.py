"""`pointsman train`: a labelled file to an artifact, without any server."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson, Device, one_device
from cli.output import Output

EXAMPLE = "Example: pointsman train --data tickets.jsonl.gz --out model --preset fast"


def command(  # noqa: PLR0913  (an option each)
    *,
    data: Annotated[Path, typer.Option(help="Labelled tickets (.jsonl or .jsonl.gz).")],
    out: Annotated[Path, typer.Option(help="Artifact folder to make.")],
    val: Annotated[
        Path | None, typer.Option(help="Labelled tickets to choose on; split from the data if not.")
    ] = None,
    holdout: Annotated[
        Path | None, typer.Option(help="Labelled tickets that nothing is chosen on, to report on.")
    ] = None,
    encoder: Annotated[
        str | None, typer.Option(help="minilm, a hub id, or a local folder.")
    ] = None,
    preset: Annotated[
        str,
        typer.Option(
            help="auto, cold_start, fast, balanced (fine-tuned) or best (an ensemble, distilled)."
        ),
    ] = "fast",
    descriptions: Annotated[
        Path | None,
        typer.Option(help="JSON, label to what it is about; serves labels with few tickets."),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="Rules as YAML: the report says what they would do.")
    ] = None,
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Let the report quote the worst mistakes.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal models.")] = 0,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Train a model from labelled tickets. Killed and started again, it goes on."""
    from classifier.key_files import signers_keys
    from classifier.signing import use_keys
    from cli.models.figures import figure_lines, trained_object
    from cli.rules.stored import read_rules
    from cli.training.descriptions import read_descriptions
    from cli.training.view import shown_training
    from core.settings import load_settings
    from trainer.job.request import EMBEDDINGS, TrainRequest
    from trainer.run import train

    settings, output = load_settings(device=device, encoder=encoder), Output(as_json=as_json)
    request = TrainRequest(
        data=data,
        out=out,
        val=val,
        holdout=holdout,
        encoder=settings.encoder,
        preset=preset,
        seed=seed,
        max_length=settings.max_length_tokens,
        device=one_device(settings.device),
        threads=settings.device_threads,
        descriptions=read_descriptions(descriptions) if descriptions else {},
        rules=read_rules(rules) if rules else None,
        show_text=show_text,
        embeddings=settings.state_dir / EMBEDDINGS if settings.embedding_cache_mib else None,
        embeddings_mib=settings.embedding_cache_mib,
    )
    use_keys(signers_keys(settings))
    with shown_training() as progress:
        outcome = train(request, progress)
    for line in figure_lines(outcome.metrics):
        output.say(line)
    output.say(f"Model {outcome.artifact.version} is in {out}.")
    output.result(trained_object(outcome))
