"""A stream of tickets to a stream of predictions, by an artifact alone, without any server."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from classifier.artifacts import open_artifact
from classifier.backends.choice import Preference, load_preferred
from classifier.precision import resolve_device
from classifier.transformer import Network
from cli.options import one_device
from cli.tickets.batches import in_batches
from core.errors import Invalid
from core.settings import Settings
from core.text import model_text
from core.ticket_files import Line, read_tickets
from core.types import Ticket

BATCH = 256

Report = Callable[[int, Invalid], None]


def load_model(folder: Path, settings: Settings) -> Network:
    """The network of an artifact on the configured device, by the backend that is wanted.

    Raises:
        ArtifactInvalid: the folder is not a sound artifact.
        Invalid: the device is not here.
    """
    return load_preferred(
        open_artifact(folder),
        device=resolve_device(one_device(settings.device)),
        threads=settings.device_threads,
        wanted=Preference(
            backend=settings.backend,
            memory=settings.state_dir / "backends",
            chunk_tokens=settings.chunk_tokens,
        ),
    )


def predictions(network: Network, file: Path, *, report: Report) -> Iterator[dict[str, Any]]:
    """One object for each good line, in the order of the file: `id`, `labels`, `scores`.

    Args:
        network: what predicts.
        file: tickets, with whatever other columns; `-` is standard input.
        report: is told each bad line.

    Raises:
        Invalid: the file cannot be opened.
    """
    good = _good(read_tickets(file, ignore_unknown=True), report)
    for batch in in_batches(good, BATCH):
        texts = [model_text(ticket.subject, ticket.body) for ticket in batch]
        scores = network.predict(texts)  # (b, l)
        for ticket, row in zip(batch, scores.tolist(), strict=True):
            yield prediction(
                ticket.id, dict(zip(network.labels, row, strict=True)), network.thresholds
            )


def prediction(
    id_: str, scores: Mapping[str, float], thresholds: Mapping[str, float]
) -> dict[str, Any]:
    """One line of output; labels at or over their threshold, highest score first."""
    reached = [label for label, score in scores.items() if score >= thresholds[label]]
    return {
        "id": id_,
        "labels": sorted(reached, key=lambda label: (-scores[label], label)),
        "scores": {label: round(score, 6) for label, score in scores.items()},
    }


def _good(lines: Iterator[Line], report: Report) -> Iterator[Ticket]:
    for line in lines:
        if line.ticket is not None:
            yield line.ticket
        elif line.error is not None:
            report(line.number, line.error)
