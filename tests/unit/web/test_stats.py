from core.types import GroupBy
from store.figures.quality import Figures
from web.api.stats.routes import largest


def test_of_more_groups_than_anybody_reads_those_with_most_tickets_are_kept() -> None:
    found = {f"x-{n:04}": Figures(tickets=n) for n in range(1_200)}
    kept = largest(found, GroupBy.LANGUAGE)
    assert len(kept) == 1_000
    assert (kept[0].name, kept[-1].name) == ("x-0200", "x-1199")
