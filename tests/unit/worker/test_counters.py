from concurrent.futures import ThreadPoolExecutor

from worker.counters import NAMES, Counters


def test_all_counters_start_at_nought() -> None:
    assert Counters().totals() == dict.fromkeys(NAMES, 0)


def test_additions_from_many_threads_all_count() -> None:
    counters = Counters()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counters.add(chunks=1, tokens=2.5), range(400)))
    assert (counters.totals()["chunks"], counters.totals()["tokens"]) == (400, 1000)
