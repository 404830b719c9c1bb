from concurrent.futures import ThreadPoolExecutor

from core.measures import BY_NAME, PLAIN
from worker.counters import Counters


def test_all_counters_without_labels_start_at_nought() -> None:
    assert Counters().totals() == dict.fromkeys(PLAIN, 0)


def test_additions_from_many_threads_all_count() -> None:
    counters = Counters()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counters.add(chunks=1, tokens=2.5), range(400)))
    assert (counters.totals()["chunks"], counters.totals()["tokens"]) == (400, 1000)


def test_an_amount_counts_up_to_every_end_that_is_not_below_it() -> None:
    counters, wait = Counters(), BY_NAME["ticket_wait_seconds"]
    counters.observe("ticket_wait_seconds", [0.1, 0.10001, 10_000])
    up_to = dict(wait.buckets(counters.totals()))
    assert (up_to["0.05"], up_to["0.1"], up_to["0.25"], up_to["+Inf"]) == (0, 1, 2, 3)
    assert counters.totals()["ticket_wait_seconds|sum"] == 10_000.20001


def test_a_label_may_be_named_as_it_likes() -> None:
    counters = Counters()
    counters.tally("decided_labels", "a|b")
    counters.tally("decisions", "model", "rule")
    keys = counters.totals()
    assert [v for key in keys if (v := BY_NAME["decided_labels"].values_of(key))] == [("a|b",)]
    assert [v for key in keys if (v := BY_NAME["decisions"].values_of(key))] == [("model", "rule")]
