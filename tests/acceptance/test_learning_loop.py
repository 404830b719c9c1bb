"""The learning loop as a helpdesk has it: real processes, real corrections, nobody at the wheel."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.factories.commands import CommandLine, stop
from tests.factories.processes import wait_until

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "tickets.jsonl"
_PATIENCE_S = 300.0
_LABEL = "account-data"

# Customs forms: nothing in the samples is about them, and these people want a paper with their
# data on it.
_CASES = (
    "Customs at the border wants a declaration for my parcel, please send the customs form",
    "The customs office holds the tablet until they get a declaration from you",
    "Need the customs declaration CN23 for my order, the post office sent it back without",
    "Where is the customs form? The border authority asks for a signed declaration",
    "My parcel sits in customs, they ask for an export declaration with a tariff number",
    "Please fill in the customs declaration again, the tariff number on the form is wrong",
    "Customs says the form is missing. Can I have the declaration as a file?",
    "The declaration for customs has the wrong value on it, the border sent the form back",
    "I live in Norway and customs wants a form with the tariff number, please send it",
    "Swiss customs needs your declaration before they hand out the parcel",
)
_NEXT = "Customs wrote to me, they want a declaration form with the tariff number for the parcel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Helpdesk:
    """A running `pointsman up` with worker, trainer and beat."""

    command_line: CommandLine

    def ask(self, *arguments: str) -> dict[str, object]:
        done = self.command_line.run(*arguments, "--json")
        assert done.status == 0, done.err
        return dict(done.result)

    def active(self) -> str | None:
        models = self.ask("models", "list")["models"]
        assert isinstance(models, list)
        return next((model["version"] for model in models if model["active"]), None)

    def labels_of(self, ticket: str) -> Sequence[str]:
        decision = self.ask("tickets", "show", ticket)["decision"]
        assert isinstance(decision, dict)
        return list(decision["labels"])


@pytest.fixture(scope="module")
def helpdesk() -> Iterator[Helpdesk]:
    """Sample labels and history, a first model trained on them, and processes that run."""
    settings = {
        "POINTSMAN_RETRAIN_CORRECTIONS": "10",
        "POINTSMAN_RETRAIN_CHECK_INTERVAL_S": "1",
        "POINTSMAN_TRAINING_LEASE_S": "20",
    }
    with tempfile.TemporaryDirectory(prefix="pointsman-loop-") as name:
        Path(name).chmod(0o755)
        command_line = CommandLine(state=Path(name) / "state", variables=tuple(settings.items()))
        desk = Helpdesk(command_line=command_line)
        demo = command_line.run("demo", "--exit", "--json", "--tickets", "1")
        assert demo.status == 0, demo.err
        process = command_line.start("up", "--only", "worker,trainer,beat", "--json")
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield desk
        finally:
            stop(process)
        assert command_line.wait_until_gone(10) == []


def _send(desk: Helpdesk, folder: Path, texts: Sequence[str], prefix: str) -> list[str]:
    ids = [f"{prefix}-{number}" for number in range(len(texts))]
    lines = [
        json.dumps({"id": id_, "subject": "", "body": text})
        for id_, text in zip(ids, texts, strict=True)
    ]
    file = folder / f"{prefix}.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    desk.ask("tickets", "send", str(file), "--wait")
    return ids


def test_ten_corrections_teach_the_next_model_without_anybody_asking(
    helpdesk: Helpdesk, tmp_path: Path
) -> None:
    first = helpdesk.active()
    assert first is not None
    ids = _send(helpdesk, tmp_path, _CASES, "case")
    assert not any(_LABEL in helpdesk.labels_of(id_) for id_ in ids[:3])
    for id_ in ids:
        helpdesk.ask("corrections", "add", id_, "--labels", _LABEL)
    wait_until(
        lambda: helpdesk.active() != first, timeout_s=_PATIENCE_S, what="a new model promoted"
    )
    models = helpdesk.ask("models", "list")["models"]
    assert isinstance(models, list)
    [newest] = [model for model in models if model["active"]]
    assert newest["outcome"] == "promoted"
    wait_until(
        lambda: _LABEL in _next_labels(helpdesk, tmp_path),
        timeout_s=60,
        what="the next such ticket labelled right",
    )


def _next_labels(desk: Helpdesk, folder: Path) -> Sequence[str]:
    """The labels of a ticket of the same kind that nobody sent before."""
    number = len(list(folder.glob("next*")))
    [id_] = _send(desk, folder, [f"{_NEXT} no {number}"], f"next{number}")
    return desk.labels_of(id_)


def test_a_rollback_serves_the_old_model_again_within_seconds(
    helpdesk: Helpdesk, tmp_path: Path
) -> None:
    newest = helpdesk.active()
    back = helpdesk.ask("models", "rollback")["active"]
    assert back != newest
    wait_until(
        lambda: _LABEL not in _next_labels(helpdesk, tmp_path), timeout_s=10, what="rolled back"
    )
