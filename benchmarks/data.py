"""The labelled sets that figures are taken on; they lie beside the project, not in it."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import Invalid

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples" / "tickets.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSet:
    """What teaches, what is chosen on, what is read once for the figure."""

    name: str
    train: Path
    val: Path
    test: Path


def labelled_set(name: str) -> LabelledSet | None:
    """A set by its name; None where it is not on this machine."""
    folder = ROOT.parent / "shared" / "data" / name
    if not folder.is_dir():
        return None
    train, val, test = (folder / f"{part}.jsonl.gz" for part in ("train", "val", "test"))
    return LabelledSet(name=name, train=train, val=val, test=test)


def needed_set(name: str) -> LabelledSet:
    """A set that a figure cannot do without.

    Raises:
        Invalid: it is not on this machine.
    """
    found = labelled_set(name)
    if found is None:
        raise Invalid(name, "is not on this machine", f"put its files into ../shared/data/{name}")
    return found
