"""The vectors of each scheme, and the traps that public code has fallen into."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.types import HelpdeskKind
from helpdesks import chatwoot, request_tracker, standard, zammad, zendesk
from helpdesks.conformance.senders import SIGN
from helpdesks.seen import Signed, Unverified

_SAY = b'{"say": "hello"}'
_EPOCH = datetime.fromtimestamp(1_700_000_000, UTC)
_ZENDESK_AT = datetime(2021, 7, 25, 10, tzinfo=UTC)
_STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_ZENDESK = {
    "x-zendesk-webhook-signature-timestamp": "2021-07-25T10:00:00Z",
    "x-zendesk-webhook-signature": "gf3v0LzLRHPUnIdhbvwRDVEvzSb07/QN0GYjSNlkBT0=",
}
_ZAMMAD = {"x-hub-signature": "sha1=b5f3e5a14404b8a16704a40b32df32101868dd5c"}
_CHATWOOT = {
    "x-chatwoot-timestamp": "1700000000",
    "x-chatwoot-signature": "sha256="
    "6098e2e78bc91f94438e8c3c94e87820d708ae41c0637adf05369989f76e6a15",
}
_WEBHOOK = {
    "webhook-id": "msg_1",
    "webhook-timestamp": "1700000000",
    "webhook-signature": "v1,33v12aFE9EmNJH6/ruKzVfxQDaysDivKF61AqKM4v18=",
}
Verify = Callable[[Signed, tuple[str, ...]], None]
_CASES: list[Any] = [
    pytest.param(zendesk.verify, _ZENDESK, zendesk.TEST_SECRET, _ZENDESK_AT, id="zendesk"),
    pytest.param(zammad.verify, _ZAMMAD, "zammad-token", _EPOCH, id="zammad"),
    pytest.param(chatwoot.verify, _CHATWOOT, "chatwoot-secret", _EPOCH, id="chatwoot"),
    pytest.param(standard.verify, _WEBHOOK, _STANDARD, _EPOCH, id="standard"),
]


def _signed(headers: dict[str, str], now: datetime, body: bytes = _SAY) -> Signed:
    return Signed(headers=headers, body=body, now=now, tolerance_s=300)


@pytest.mark.parametrize(("verify", "headers", "secret", "now"), _CASES)
def test_the_vector_is_genuine(
    verify: Verify, headers: dict[str, str], secret: str, now: datetime
) -> None:
    verify(_signed(headers, now), (secret,))


@pytest.mark.parametrize(("verify", "headers", "secret", "now"), _CASES)
def test_a_secret_that_is_being_replaced_still_counts(
    verify: Verify, headers: dict[str, str], secret: str, now: datetime
) -> None:
    new = "whsec_bmV3ZXIgc2VjcmV0IG9mIHRoZSBzYW1l" if verify is standard.verify else "a newer one"
    verify(_signed(headers, now), (new, secret))
    with pytest.raises(Unverified, match="secret of this connection"):
        verify(_signed(headers, now), (new,))
    with pytest.raises(Unverified):
        verify(_signed(headers, now), ())


@pytest.mark.parametrize(("verify", "headers", "secret", "now"), _CASES)
def test_one_other_byte_is_a_forgery(
    verify: Verify, headers: dict[str, str], secret: str, now: datetime
) -> None:
    with pytest.raises(Unverified):
        verify(_signed(headers, now, _SAY + b" "), (secret,))


@pytest.mark.parametrize(("verify", "headers", "secret", "now"), _CASES)
@pytest.mark.parametrize(
    "value", ["", "x", "v1", "v1,", "v1,é", "sha1=", "sha256=\xff", "v1,*** x", " "]
)
def test_headers_that_are_absent_or_odd_are_told_and_never_crash(
    verify: Verify, headers: dict[str, str], secret: str, now: datetime, value: str
) -> None:
    for name in headers:
        with pytest.raises(Unverified):
            verify(_signed({**headers, name: value}, now), (secret,))
        rest = {key: each for key, each in headers.items() if key != name}
        with pytest.raises(Unverified):
            verify(_signed(rest, now), (secret,))


@pytest.mark.parametrize(
    ("verify", "headers", "secret", "now"), [case for case in _CASES if case.id != "zammad"]
)
@pytest.mark.parametrize("late_s", [301, -301])
def test_what_was_signed_long_ago_or_in_the_future_is_stale(
    verify: Verify, headers: dict[str, str], secret: str, now: datetime, late_s: int
) -> None:
    with pytest.raises(Unverified, match="301 s"):
        verify(_signed(headers, now + timedelta(seconds=late_s)), (secret,))


def test_the_sample_of_zendesks_older_page_has_body_before_timestamp_and_is_refused() -> None:
    headers = {
        **_ZENDESK,
        "x-zendesk-webhook-signature": "tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw=",
    }
    with pytest.raises(Unverified):
        zendesk.verify(
            _signed(headers, _ZENDESK_AT), ("HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA=",)
        )


def test_a_standard_signature_may_stand_beside_others() -> None:
    headers = {**_WEBHOOK, "webhook-signature": f"v1a,xyz v1,AAAA {_WEBHOOK['webhook-signature']}"}
    standard.verify(_signed(headers, _EPOCH), (_STANDARD,))


@pytest.mark.parametrize(("verify", "headers", "secret", "now"), _CASES)
def test_the_comparison_in_constant_time_decides_and_nothing_before_or_after_it(
    monkeypatch: pytest.MonkeyPatch,
    verify: Verify,
    headers: dict[str, str],
    secret: str,
    now: datetime,
) -> None:
    """How long it takes is measured by `python -m benchmarks S1`."""
    compared = []

    def says(answer: bool) -> Callable[[bytes, bytes], bool]:
        def compare_digest(sent: bytes, expected: bytes) -> bool:
            compared.append((sent, expected))
            return answer

        return compare_digest

    monkeypatch.setattr("hmac.compare_digest", says(False))
    with pytest.raises(Unverified, match="secret of this connection"):
        verify(_signed(headers, now), (secret,))
    assert [sent for sent, expected in compared if sent == expected], "with the right signature"
    monkeypatch.setattr("hmac.compare_digest", says(True))
    verify(_signed(headers, now, _SAY + b" "), (secret,))


def test_every_helpdesk_that_signs_is_among_these_cases() -> None:
    refuses_all = {HelpdeskKind.REQUEST_TRACKER}
    assert {case.id for case in _CASES} == set(HelpdeskKind) - refuses_all == set(SIGN)


def test_nothing_is_taken_from_who_sends_nothing() -> None:
    with pytest.raises(Unverified):
        request_tracker.verify(_signed({}, _EPOCH), ("x",))
