from pathlib import Path

import pytest

from core.errors import Invalid
from trainer.data.dataset import Dataset
from trainer.job.request import TrainRequest, request_id

_DATA = Dataset(texts=("a",), labels=(("x",),))


def _request(**changes: object) -> TrainRequest:
    fields: dict[str, object] = {"data": Path("d.jsonl"), "out": Path("out")}
    return TrainRequest(**{**fields, **changes})  # type: ignore[arg-type]


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(Invalid, match="--preset: 'huge' is not known; use cold_start or fast"):
        _ = _request(preset="huge").how


def test_what_changes_the_result_changes_the_id_and_nothing_else_does(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    first = request_id(_request(), (_DATA, None), tmp_path)
    assert first == request_id(_request(out=Path("elsewhere"), threads=1), (_DATA, None), tmp_path)
    others = [
        request_id(_request(seed=1), (_DATA, None), tmp_path),
        request_id(_request(max_length=64), (_DATA, None), tmp_path),
        request_id(_request(), (Dataset(texts=(), labels=()), None), tmp_path),
        request_id(_request(), (_DATA, _DATA), tmp_path),
    ]
    (tmp_path / "model.safetensors").write_bytes(b"others")
    others.append(request_id(_request(), (_DATA, None), tmp_path))
    assert len({first, *others}) == 6
