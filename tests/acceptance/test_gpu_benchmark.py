"""G2 on a CPU, in small: the script that is kept for a GPU runs; its figures mean nothing here."""

from benchmarks import g2_whole_way_gpu


def test_two_workers_decide_all_tickets_on_one_device() -> None:
    result = g2_whole_way_gpu.measured(device="cpu", workers=2, tickets=60)
    assert result["id"] == "G2"
    assert min(result["value"], result["peer_value"]) > 0
    assert result["detail"] == {"device": "cpu", "workers": 2, "tickets": 60}
