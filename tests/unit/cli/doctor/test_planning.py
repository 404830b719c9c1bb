import json

import pytest

from cli.doctor.capacity import load_costs, plan
from cli.doctor.planning import Asked, lines, load_of
from cli.main import main
from core.errors import Invalid

_COUNTED = {"tokens": 9_000.0, "tickets_scored": 100.0, "tickets_announced": 300, "messages": 2}
_ASKED = Asked(tickets_per_s=50, tokens=None, device_tokens_per_s=None, cores=8, busy=0.7)


def test_what_nobody_said_comes_from_the_running_system() -> None:
    load = load_of(_ASKED, _COUNTED, 18_000.0)
    assert load.device_tickets_per_s == 200
    assert load.message_tickets == 150
    assert load.cores == 8


def test_what_was_said_counts_more() -> None:
    asked = Asked(tickets_per_s=50, tokens=45, device_tokens_per_s=9_000, cores=None, busy=0.7)
    assert not asked.needs_system
    load = load_of(asked, _COUNTED, 18_000.0)
    assert load.device_tickets_per_s == 200
    assert load.cores >= 1


def test_a_ticket_goes_by_itself_where_no_message_was_counted() -> None:
    assert load_of(_ASKED, {"tokens": 90.0, "tickets_scored": 1.0}, 900.0).message_tickets == 1


@pytest.mark.parametrize(
    ("counted", "measured", "field"),
    [({}, 18_000.0, "--tokens"), (_COUNTED, None, "--device-tokens")],
)
def test_what_nobody_knows_has_to_be_said(
    counted: dict[str, float], measured: float | None, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        load_of(_ASKED, counted, measured)
    assert caught.value.field == field


def test_the_command_plans_without_any_service(capsys: pytest.CaptureFixture[str]) -> None:
    said = ["--plan", "500", "--tokens", "90", "--device-tokens", "9000", "--cores", "16"]
    assert main(["doctor", *said, "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["plan"]["devices"] == 8
    assert result["load"]["cores"] == 16
    assert result["costs"]["machine"]


def test_people_are_told_where_each_part_ends() -> None:
    load, costs = load_of(_ASKED, _COUNTED, 18_000.0), load_costs()
    told = "\n".join(lines(load, plan(load, costs), costs))
    for word in ("devices", "workers", "PostgreSQL", "Redis", "ends at", costs.machine):
        assert word in told
