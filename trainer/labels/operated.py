"""Label surgery from folder to folder: an artifact is read, changed and published as any other.

Weights, tokenizer, card, report and the marks of held-out tickets are carried over; the card, the
report and the manifest say what was changed since the figures were taken.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from shutil import copyfile
from typing import Any

from classifier.architecture import save_network
from classifier.artifacts import Artifact, open_artifact, publish
from classifier.encoding import TicketTokenizer
from classifier.labels import LabelSet
from classifier.linear import LinearModel
from classifier.manifest import Facts
from classifier.scoring import Calibration, Thresholds
from classifier.transformer import PARTS, load_model
from core.errors import Invalid
from router.operating_points import Curves, read_curves
from trainer.fit.serving import golden_batch
from trainer.labels.added_label import Served
from trainer.labels.surgery import Body
from trainer.operating.held_out import OperatingPoint
from trainer.reporting.report import HELD_OUT_FILE

CARD, PAGE, METRICS = "README.md", "report.html", "metrics.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What was done to the labels, for people and for the manifest."""

    sentence: str
    change: Mapping[str, Any]


def operate(source: Artifact, final: Path, change: Callable[[Body], Body], note: Note) -> Artifact:
    """Publishes a changed copy of an artifact.

    Args:
        source: left as it is.
        final: folder to make; its parent is made too.
        change: what to do.
        note: what that is.

    Raises:
        ArtifactInvalid: the artifact is incomplete or altered.
        Invalid: the change cannot be made, or `final` is there already.
    """
    body = change(read_body(source))
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=final.parent, prefix=f".{final.name}.") as aside:
        staging = Path(aside) / "staging"
        staging.mkdir(mode=0o755)
        _write(body, staging)
        _carry_over(source, staging, note)
        publish(staging, final, _facts(source, body, note))
    return open_artifact(final)


def read_body(artifact: Artifact) -> Body:
    """Everything that surgery works on, on the CPU.

    Raises:
        ArtifactInvalid: the artifact is incomplete or altered.
    """
    artifact.verify(*PARTS)
    labels = artifact.labels
    calibration = Calibration.parse(artifact.read_json("calibration.json"), labels)
    thresholds = Thresholds.parse(artifact.read_json("thresholds.json"), labels)
    tokenizer = TicketTokenizer.parse(
        (artifact.path / "tokenizer.json").read_bytes(), artifact.manifest.facts.max_length
    )
    return Body(
        served=Served(
            model=load_model(artifact).eval(),
            tokenizer=tokenizer,
            point=OperatingPoint(calibration=calibration, thresholds=thresholds),
        ),
        linear=LinearModel.load(artifact),
        metrics=artifact.read_json(METRICS),
        curves=_curves(artifact),
    )


def _curves(artifact: Artifact) -> Curves | None:
    """What its thresholds are worth; None where it does not tell, or in an older form."""
    try:
        return read_curves(artifact)
    except Invalid:
        return None


def _write(body: Body, staging: Path) -> None:
    save_network(body.served.model, body.served.tokenizer, staging)
    LabelSet(body.labels).save(staging / "labels.json")
    body.served.point.calibration.save(staging / "calibration.json")
    body.served.point.thresholds.save(staging / "thresholds.json")
    body.linear.save(staging)
    served = body.served
    golden_batch(served.model, served.tokenizer, served.point).save(staging)
    if body.curves is not None:
        body.curves.save(staging)
    text = json.dumps(body.metrics, indent=1, ensure_ascii=False)
    (staging / METRICS).write_text(f"{text}\n", encoding="utf-8")


def _carry_over(source: Artifact, staging: Path, note: Note) -> None:
    """What people read, with the note, and the marks of held-out tickets."""
    if source.has(HELD_OUT_FILE):
        copyfile(source.verified(HELD_OUT_FILE), staging / HELD_OUT_FILE)
    card = source.verified(CARD).read_text(encoding="utf-8")
    text = (
        f"{card.rstrip()}\n\n**Labels changed since**: {note.sentence} Figures above are older.\n"
    )
    (staging / CARD).write_text(text, encoding="utf-8")
    page = source.verified(PAGE).read_text(encoding="utf-8")
    words = f"<p><strong>Labels changed since:</strong> {escape(note.sentence)}</p>\n"
    (staging / PAGE).write_text(page.replace("</h1>", f"</h1>\n{words}", 1), encoding="utf-8")


def _facts(source: Artifact, body: Body, note: Note) -> Facts:
    """Where it came from, `parent` being the version that was operated on."""
    facts = source.manifest.facts
    training = {name: value for name, value in facts.training.items() if name != "request"}
    history = [*training.get("label_changes", ()), {"parent": source.version, **note.change}]
    return replace(facts, labels=body.labels, training=training | {"label_changes": history})
