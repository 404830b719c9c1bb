import pytest

from cli.options import one_device


@pytest.mark.parametrize(
    ("setting", "device"),
    [("all", "auto"), ("auto", "auto"), ("cpu", "cpu"), ("cuda:1", "cuda:1")],
)
def test_a_command_for_one_device_takes_any_where_workers_take_all(
    setting: str, device: str
) -> None:
    assert one_device(setting) == device
