import pytest

from cli.running.instance import devices, programs
from core.errors import Invalid


def test_every_device_gets_its_workers_and_each_has_a_name_of_its_own() -> None:
    made = programs(frozenset({"worker"}), ("cuda:0", "cuda:1"), 2)
    assert [(p.name, p.arguments[-1]) for p in made] == [
        ("worker-1", "cuda:0"),
        ("worker-2", "cuda:0"),
        ("worker-3", "cuda:1"),
        ("worker-4", "cuda:1"),
    ]


def test_only_what_was_asked_for_is_started() -> None:
    names = [p.name for p in programs(frozenset({"web", "beat"}), ("cpu",), 3)]
    assert names == ["web", "beat"]


def test_one_device_is_itself() -> None:
    assert devices("auto") == ("auto",)


def test_all_devices_without_a_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(Invalid, match="--device"):
        devices("all")


def test_all_devices_are_every_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices("all") == ("cuda:0", "cuda:1")
