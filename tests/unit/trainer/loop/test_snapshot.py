import gzip
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from core.errors import Permanent
from tests.factories.values import a_ticket
from trainer.loop.snapshot import (
    MIN_NEWEST,
    Draft,
    Entry,
    Known,
    Side,
    draft,
    join,
    read_known,
    rows_file,
    write,
)

_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_NOTHING = Known(sides={})


def _entry(number: int, *, corrected: bool = False, **changes: object) -> Entry:
    fields = {
        "subject": f"case {number}",
        "body": f"number {number} is about item {number * 7919}",
        "labels": ("a",) if number % 3 else ("a", "b"),
        **changes,
    }
    return Entry(
        ticket_id=UUID(int=number),
        ticket=a_ticket(f"t-{number}", **fields),
        at=_NOW + timedelta(minutes=number),
        correction=UUID(int=10_000 + number) if corrected else None,
    )


def _draft(entries: list[Entry], known: Known = _NOTHING) -> Draft:
    return draft(entries, [], known=known, seed=0)


def _side(made: Draft, entry: Entry) -> Side:
    return made.sides[made.entries.index(entry)]


def test_feedback_takes_the_place_of_what_it_corrects() -> None:
    base, feedback = _entry(1), _entry(1, corrected=True, labels=("b",))
    entries, excluded = join([base, _entry(2)], [feedback], {})
    assert entries == [feedback, _entry(2)]
    assert not excluded


def test_held_feedback_is_left_out_with_its_reason_and_the_base_ticket_stays() -> None:
    feedback = _entry(1, corrected=True)
    assert feedback.correction is not None
    entries, excluded = join([_entry(1)], [feedback], {feedback.correction: "held: why"})
    assert entries == [_entry(1)]
    assert [(x.correction, x.reason) for x in excluded] == [(feedback.correction, "held: why")]


def test_a_base_ticket_with_the_very_text_that_was_corrected_elsewhere_is_left_out() -> None:
    base, feedback = (
        _entry(number, corrected=corrected, subject="same", body="text")
        for number, corrected in ((1, False), (2, True))
    )
    entries, excluded = join([base], [feedback], {})
    assert [entry.ticket_id.int for entry in entries] == [2]
    assert [x.reason for x in excluded] == ["the same text was corrected"]


def test_a_ticket_without_text_teaches_nothing() -> None:
    entries, excluded = join([_entry(1, subject="", body=" ")], [], {})
    assert not entries
    assert [x.reason for x in excluded] == ["has no text"]


def test_a_share_becomes_holdout_with_its_share_of_each_label() -> None:
    made = _draft([_entry(n) for n in range(300)])
    holdout = made.of(Side.HOLDOUT)
    assert 35 <= len(holdout) <= 55
    assert 10 <= sum("b" in (entry.ticket.labels or ()) for entry in holdout) <= 20


def test_what_judged_once_judges_always_and_what_taught_teaches(tmp_path: Path) -> None:
    first = _draft([_entry(n) for n in range(200)])
    known = read_known(write(first, tmp_path))
    second = _draft([_entry(n) for n in range(400)], known)
    assert second.sides[:200] == first.sides
    assert Side.HOLDOUT in second.sides[200:]


def test_new_feedback_teaches_even_where_its_text_judged_before(tmp_path: Path) -> None:
    base = [_entry(n) for n in range(200)]
    first = _draft(base)
    known = read_known(write(first, tmp_path))
    judged = first.of(Side.HOLDOUT)[0]
    corrected = _entry(judged.ticket_id.int, corrected=True, labels=("b",))
    entries = [corrected if entry is judged else entry for entry in base]
    second = _draft(entries, known)
    assert _side(second, corrected) is Side.TRAIN
    again = _draft(entries, read_known(write(second, tmp_path)))
    assert again.sides == second.sides


def test_the_newest_of_much_feedback_judges_the_next_model_and_all_later_ones(
    tmp_path: Path,
) -> None:
    base = [_entry(n) for n in range(200)]
    feedback = [_entry(n, corrected=True) for n in range(200, 200 + 2 * MIN_NEWEST)]
    made = _draft([*base, *feedback], read_known(write(_draft(base), tmp_path)))
    newest = made.of(Side.NEWEST)
    assert newest == feedback[-10:]
    later = _draft([*base, *feedback], read_known(write(made, tmp_path)))
    assert not later.of(Side.NEWEST)
    before = made.of(Side.HOLDOUT)
    assert [entry for entry in later.of(Side.HOLDOUT) if entry not in before] == newest


def test_a_customers_tickets_and_near_duplicates_stand_on_one_side() -> None:
    long = "the parcel that I ordered in spring came without the charger and without any note"
    entries = [
        *(_entry(n, customer=f"c-{n // 3}") for n in range(240)),
        *(_entry(n, body=f"{long} {n}", subject="") for n in range(240, 243)),
    ]
    made = _draft(entries)
    groups: dict[object, set[Side]] = {}
    for entry, side in zip(made.entries, made.sides, strict=True):
        groups.setdefault(entry.ticket.customer, set()).add(side)
    assert all(len(sides) == 1 for sides in groups.values())


def test_equal_content_has_an_equal_name_and_any_change_another() -> None:
    entries = [_entry(n) for n in range(20)]
    first = _draft(entries)
    assert first.id == _draft(entries).id
    assert first.id != _draft([*entries[:-1], _entry(19, labels=("b",))]).id
    assert first.id != _draft(entries[:-1]).id


def test_a_written_snapshot_has_each_row_once_and_can_be_trained_on(tmp_path: Path) -> None:
    made = _draft([_entry(n) for n in range(100)])
    place = write(made, tmp_path)
    rows = [
        json.loads(line)["id"]
        for side in Side
        for line in gzip.decompress(rows_file(place, side).read_bytes()).splitlines()
    ]
    assert Counter(rows) == Counter(str(entry.ticket_id) for entry in made.entries)
    before = {path: path.read_bytes() for path in place.iterdir()}
    assert write(made, tmp_path) == place
    assert {path: path.read_bytes() for path in place.iterdir()} == before


def test_a_snapshot_of_nothing_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="import some, or correct some"):
        write(_draft([]), tmp_path)
