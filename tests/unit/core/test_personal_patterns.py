import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.personal_patterns import redact_text

_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("write to bob.o'neil+x@mail.example.co.uk, please", "write to [email], please"),
        ("+49 30 12345678 or (+1) 202-555-0123", "[phone] or [phone]"),
        ("DE89 3704 0044 0532 0130 00 IS MINE", "[iban] IS MINE"),
        ("NO9386011117947 and GB82WEST12345698765432", "[iban] and [iban]"),
        ("card 4111 1111 1111 1111, 378282246310005", "card [card], [card]"),
        ("from 203.0.113.88:6667 and 2001:db8::8a2e:370:7334", "from [ip]:6667 and [ip]"),
        ("key AKIAIOSFODNN7EXAMPLE", "key [key]"),
        (f"Bearer {_JWT}", "Bearer [key]"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "[key]"),
    ],
)
def test_what_has_a_well_known_form_is_taken_out(said: str, kept: str) -> None:
    assert redact_text(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "DE89 3704 0044 0532 0130 01",  # the check digits are wrong
        "4111 1111 1111 1112",
        "order 12345678901234567",
        "firmware 3.0.6 at 12:30:45",
        "std::vector, a::b and 999.1.1.1",
        "see me @home, 5+5 = 10",
        "030 12345678",  # nobody said of which country
        "ZZ00 1234 5678 9012 3456",
    ],
)
def test_what_only_looks_alike_stays(said: str) -> None:
    assert redact_text(said) == said


def test_a_number_without_a_plus_is_known_where_its_country_is_set() -> None:
    assert redact_text("call 030 12345678 or 020 7946 0018", ["DE", "GB"]) == (
        "call [phone] or [phone]"
    )


_PARTS = st.sampled_from(
    ["a@b.co", "+4930123456", "x@y.de+4930123456", "1.2.3.4", "::1", "4111111111111111"]
).flatmap(lambda part: st.sampled_from([part, "12", "+", "(", "[", "]", " ", "A", "-", "DE8937"]))


@given(st.one_of(st.text(), st.lists(_PARTS, max_size=12).map("".join)))
@example("x@y.de+4930123456")
@example("12a@b.co+49 30 123456")
def test_redacting_twice_changes_nothing(said: str) -> None:
    once = redact_text(said, ["DE"])
    assert redact_text(once, ["DE"]) == once


def test_no_sample_ticket_changes_that_has_nothing_to_hide(samples: Path) -> None:
    lines = (samples / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)[field] for line in lines for field in ("subject", "body")]
    changed = [text for text in texts if redact_text(text) != text]
    assert len(texts) > 900
    # Each of them holds an address of mail or of the internet, by a look at all of them.
    assert all("@" in text or text.count(".") >= 3 or "::" in text for text in changed)
    assert 20 < len(changed) < 60
