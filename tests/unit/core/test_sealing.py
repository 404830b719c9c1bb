import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from core.errors import Invalid, Permanent
from core.sealing import Box


def _key() -> str:
    return Fernet.generate_key().decode()


def test_a_sealed_secret_is_not_readable_and_opens_again() -> None:
    box = Box(SecretStr(_key()))
    kept = box.seal("whsec_abc")
    assert "whsec" not in kept
    assert box.open(kept) == "whsec_abc"


def test_an_older_key_still_opens_and_so_does_what_was_kept_without_one() -> None:
    old, new = _key(), _key()
    sealed, plain = Box(SecretStr(old)).seal("a"), Box(None).seal("b")
    both = Box(SecretStr(f"{new},{old}"))
    assert (both.open(sealed), both.open(plain)) == ("a", "b")


def test_without_its_key_a_secret_is_refused_and_not_guessed() -> None:
    sealed = Box(SecretStr(_key())).seal("a")
    for box in (Box(None), Box(SecretStr(_key()))):
        with pytest.raises(Permanent, match="WEBHOOK_KEY"):
            box.open(sealed)


def test_a_key_that_is_none_is_told_at_the_start() -> None:
    with pytest.raises(Invalid, match="WEBHOOK_KEY"):
        Box(SecretStr("secret"))
