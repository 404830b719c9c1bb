import json
from pathlib import Path

from benchmarks import capacity_page
from benchmarks.__main__ import CAPACITY, PAGE, QUICK, RESULTS, SCRIPTS
from benchmarks.page import page
from cli.doctor.capacity import load_costs


def _keep(folder: Path, name: str, **more: object) -> None:
    told = {"value": 1, "unit": "x", "peer": "p", "peer_value": 2, "ratio": 3, "target": "t"}
    where = {"met": True, "machine": "m", "commit": "c", "at": "2026-01-02T03:04:05+00:00"}
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"id": name, **told, **where, **more}))


def test_each_result_is_a_row_with_its_peer_machine_size_and_load(tmp_path: Path) -> None:
    for name in ("P10", "P2", "Q1-best", "Q1"):
        _keep(tmp_path / "whole", name)
    _keep(tmp_path / "quick", "P4", share=0.1, load=[1.5, 2.0])
    rows = page(tmp_path / "whole", tmp_path / "quick").splitlines()
    ids = [row.split("|")[1].strip() for row in rows if row.startswith(("| P", "| Q"))]
    assert ids == ["P2", "P10", "Q1", "Q1-best", "P4"]
    assert "| P4 | 1 x | p: 2 | 3 | t | yes | 10% | 1.5, 2.0 | m, c, 2026-01-02 |" in rows


def test_the_pages_in_the_docs_are_those_of_the_results() -> None:
    assert PAGE.read_text() == page(RESULTS, RESULTS / "quick")
    assert CAPACITY.read_text() == capacity_page.page(load_costs())


def test_the_quick_round_asks_for_no_gpu_and_for_no_hours() -> None:
    assert set(QUICK) <= set(SCRIPTS)
    assert not any(name.startswith(("G", "Q")) for name in QUICK)
