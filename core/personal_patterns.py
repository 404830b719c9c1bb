"""Personal data of well-known forms, found by pattern and, where there is one, by check digit.

A light net: it knows addresses, numbers and keys, and no names. Each kind is a function from text
to text; they run in an order in which none eats a part of another's find.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from phonenumbers import Leniency, PhoneNumberMatcher
from stdnum import iban, luhn, numdb

_PHONE_TRIES = 1_000  # candidates looked at in one text, so that digits alone cannot hold a door up
_COUNTRIES = numdb.get("iban")

_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,63}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}\b")
# Lengths and first digits of the large schemes (ISO/IEC 7812): American Express, Diners Club,
# Visa, Mastercard, Discover and UnionPay, JCB.
_CARD = re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])")
_CARD_FORM = re.compile(
    r"3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}"
    r"|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|6(?:011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17}|35\d{14}"
)
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)")
_IPV6 = re.compile(
    r"(?<![\w:.])(?=[0-9A-Fa-f:]*\d)[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])"
)
_KEYS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]{1,10000}-----END [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # Amazon Web Services
    r"|\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_\w{36,255}\b"
    r"|\bglpat-[\w-]{20,64}"  # GitLab
    r"|\bxox[abeprs]-[A-Za-z0-9-]{10,250}"  # Slack
    r"|\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}\b"  # Stripe
    r"|\bAIza[\w-]{35}\b"  # Google
    r"|\bsk-[\w-]{20,250}"
    r"|\bpointsman_[\w-]{20,250}"
    r"|\beyJ[\w-]{8,4000}\.eyJ[\w-]{8,8000}\.[\w-]{8,4000}"  # JSON Web Token
)


def redact_text(text: str, regions: Sequence[str] = ()) -> str:
    """The text with `[key]`, `[email]`, `[iban]`, `[card]`, `[ip]`, `[phone]` in place of finds.

    It is looked at again until nothing more is found, so that redacting twice changes nothing.

    Args:
        text: any.
        regions: ISO 3166 codes of the countries whose phone numbers are known without a `+`.
    """
    while (redacted := _once(text, regions)) != text:
        text = redacted
    return text


def _once(text: str, regions: Sequence[str]) -> str:
    for find in _KINDS:
        text = find(text)
    for region in (None, *regions):
        text = _without_phones(text, region)
    return text


def _without_keys(text: str) -> str:
    return _KEYS.sub("[key]", text)


def _without_emails(text: str) -> str:
    return _EMAIL.sub("[email]", text) if "@" in text else text


def _without_ibans(text: str) -> str:
    return _IBAN.sub(_iban, text)


def _iban(found: re.Match[str]) -> str:
    """As much as an IBAN of this country is long goes: words in capitals may follow it."""
    said = found.group()
    ends = [place + 1 for place, letter in enumerate(said) if letter.isalnum()]
    length = _iban_length(said[:2])
    if not 0 < length <= len(ends) or not iban.is_valid(said[: ends[length - 1]]):
        return said
    return f"[iban]{said[ends[length - 1] :]}"


@cache
def _iban_length(country: str) -> int:
    """How many characters an IBAN of a country has, by the registry of ISO 13616; 0 for none."""
    structure = _COUNTRIES.info(country)[0][1].get("bban", "")
    return 4 + sum(map(int, re.findall(r"(\d+)!", structure))) if structure else 0


def _without_cards(text: str) -> str:
    return _CARD.sub(_card, text)


def _card(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found.group())
    is_card = _CARD_FORM.fullmatch(digits) is not None and luhn.is_valid(digits)
    return "[card]" if is_card else found.group()


def _without_addresses(text: str) -> str:
    text = _IPV4.sub(lambda found: _address(found, IPv4Address), text)
    return _IPV6.sub(lambda found: _address(found, IPv6Address), text)


def _address(found: re.Match[str], kind: Callable[[str], object]) -> str:
    try:
        kind(found.group())
    except AddressValueError:
        return found.group()
    return "[ip]"


def _without_phones(text: str, region: str | None) -> str:
    if region is None and "+" not in text and "\uff0b" not in text:
        return text
    kept, end = [], 0
    for found in PhoneNumberMatcher(text, region, Leniency.VALID, _PHONE_TRIES):
        kept += [text[end : found.start], "[phone]"]
        end = found.end
    return "".join([*kept, text[end:]])


_KINDS = (
    _without_keys,
    _without_emails,
    _without_ibans,
    _without_cards,
    _without_addresses,
)
