from worker.tasks import sorted_out

GOOD = {"id": "t-1", "subject": "s", "body": "b"}


def test_bad_tickets_of_a_submission_are_kept_apart_with_their_reason() -> None:
    good, bad = sorted_out([GOOD, {"id": "t-2"}, 7, {**GOOD, "colour": "red"}], "shop")
    assert [ticket.id for ticket in good] == ["t-1"]
    assert [letter.field for letter in bad] == ["subject", "ticket", "colour"]
    assert all(letter.source == "shop" for letter in bad)


def test_a_submission_that_is_no_list_is_one_dead_letter() -> None:
    good, bad = sorted_out({"id": 1}, None)
    assert not good
    assert (bad[0].field, bad[0].source) == ("tickets", "celery")


def test_the_payload_of_a_dead_letter_can_be_stored() -> None:
    _, bad = sorted_out([{"id": "\x00\ud800", "body": "x" * 100_000}], "s\x00")
    bad[0].payload.encode("utf-8")
    assert "\x00" not in bad[0].payload
    assert len(bad[0].payload) <= 65_536
