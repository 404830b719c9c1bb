"""`train`, `evaluate` and `predict` on a tiny random encoder: no server, one artifact."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from tests.factories.artifacts import build_tiny_encoder

_LABELS = ("billing", "login", "refund")


def _rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "id": str(n),
            "subject": _LABELS[n % 3],
            "body": f"please {_LABELS[n % 3]} {_LABELS[(n // 3) % 3]} order {n}",
            "labels": sorted({_LABELS[n % 3], _LABELS[(n // 3) % 3]}),
        }
        for n in range(first, first + count)
    ]


def _file(path: Path, rows: list[dict[str, Any]], *more: str) -> str:
    path.write_text("\n".join([*(json.dumps(row) for row in rows), *more]))
    return str(path)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build_tiny_encoder(tmp_path_factory.mktemp("encoders") / "tiny"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, encoder: str) -> str:
    folder = tmp_path_factory.mktemp("models")
    data, out = _file(folder / "data.jsonl", _rows(90)), str(folder / "model")
    arguments = ["--data", data, "--out", out, "--encoder", encoder]
    assert main(["train", *arguments, "--device", "cpu", "--json"]) == 0
    return out


def _last_line(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_training_again_finds_the_model_there(
    model: str, encoder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(Path(model).parent / "data.jsonl")
    arguments = ["--data", data, "--out", model, "--encoder", encoder, "--device", "cpu"]
    assert main(["train", *arguments, "--json"]) == 0
    result = _last_line(capsys)
    assert result["cached"]
    assert {"version", "micro_f1", "macro_f1", "linear", "excluded_labels"} <= result.keys()


def test_evaluation_tells_every_figure_of_model_and_linear_model(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _file(tmp_path / "test.jsonl", _rows(30, first=200))
    assert main(["evaluate", "--model", model, "--data", data, "--device", "cpu", "--json"]) == 0
    out, err = capsys.readouterr()
    figures = json.loads(out.splitlines()[-1])
    wanted = {"micro_f1", "macro_f1", "weighted_f1", "subset_accuracy", "ece", "tickets_per_s"}
    assert wanted | {"per_label", "linear", "n"} <= figures.keys()
    assert figures["per_label"].keys() == set(_LABELS)
    assert "macro_f1" in err


def test_evaluation_and_prediction_agree(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = _rows(30, first=200)
    data = _file(tmp_path / "test.jsonl", rows)
    assert main(["predict", "--model", model, data, "--device", "cpu"]) == 0
    predicted = [set(json.loads(x)["labels"]) for x in capsys.readouterr().out.splitlines()]
    assert main(["evaluate", "--model", model, "--data", data, "--device", "cpu", "--json"]) == 0
    exact = sum(p == set(row["labels"]) for p, row in zip(predicted, rows, strict=True))
    assert _last_line(capsys)["subset_accuracy"] == pytest.approx(exact / len(rows))


def test_a_label_that_only_the_validation_file_has_is_named(
    encoder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _file(tmp_path / "data.jsonl", _rows(60))
    odd = {"id": "x", "subject": "s", "body": "odd", "labels": ["unheard-of"]}
    val = _file(tmp_path / "val.jsonl", [*_rows(30, first=300), odd], "{broken")
    arguments = ["--data", data, "--val", val, "--out", str(tmp_path / "m"), "--encoder", encoder]
    assert main(["train", *arguments, "--device", "cpu"]) == 0
    err = capsys.readouterr().err
    assert "'unheard-of' is left out" in err
    assert "line 32 left out" in err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--preset", "huge"], "--preset"),
        (["--encoder", "/nowhere"], "encoder"),
        (["--data", "/nowhere.jsonl"], "/nowhere.jsonl"),
    ],
)
def test_a_request_that_cannot_be_met_is_a_bad_argument(
    arguments: list[str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _file(tmp_path / "data.jsonl", _rows(30))
    given = ["--data", data, "--out", str(tmp_path / "m"), *arguments]
    assert main(["train", *given]) == 2
    assert named in capsys.readouterr().err
