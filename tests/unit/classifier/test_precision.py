import pytest
import torch

from classifier import precision
from classifier.precision import resolve_device, resolve_precision
from core.errors import Invalid


def test_auto_is_the_cpu_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto") == "cpu"


def test_auto_is_the_first_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cuda:0"


def test_a_gpu_is_named_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [resolve_device(name) for name in ("cuda", "cuda:1")] == ["cuda:0", "cuda:1"]
    with pytest.raises(Invalid, match="not there"):
        resolve_device("cuda:2")


@pytest.mark.parametrize("setting", ["", "gpu", "cuda:x", "cuda:-1", "cpu:0"])
def test_an_unknown_device_is_refused(setting: str) -> None:
    with pytest.raises(Invalid, match="is not known"):
        resolve_device(setting)


@pytest.mark.parametrize(("hardware", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_takes_bf16_only_where_the_hardware_has_it(
    monkeypatch: pytest.MonkeyPatch, hardware: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(precision, "multiplies_bf16", lambda device: hardware)
    assert resolve_precision("auto", "cpu") == dtype
    assert resolve_precision("fp32", "cpu") == torch.float32


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(Invalid, match="use auto, fp32 or bf16"):
        resolve_precision("int4", "cpu")


def test_asking_the_cpu_does_not_wake_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(torch.cuda, "get_device_capability", asked.append)
    precision.multiplies_bf16("cpu")
    assert not asked


@pytest.mark.parametrize(
    ("capability", "hardware"), [((7, 5), False), ((8, 0), True), ((9, 0), True)]
)
def test_gpus_multiply_bf16_from_ampere_on(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], hardware: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert precision.multiplies_bf16("cuda:0") is hardware
