import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from core.errors import Invalid
from core.passwords import _DUMMY, fits, generated, hash_password, is_outdated

_LONG = "four unrelated words here"


def test_a_password_fits_its_own_hash_alone_and_no_hash_fits_nothing() -> None:
    kept = hash_password(_LONG, min_chars=15)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert fits(_LONG, kept)
    assert not fits(_LONG + " ", kept)
    assert not fits(_LONG, None)
    assert not fits(_LONG, "no hash")


def test_two_keyboards_that_write_a_letter_differently_agree() -> None:
    composed, decomposed = "\u00fcber Stock und Stein", "u\u0308ber Stock und Stein"
    assert fits(decomposed, hash_password(composed, min_chars=15))


def test_a_name_that_nobody_has_costs_as_much_as_one_that_somebody_has() -> None:
    """A hash that cannot be read would be refused at once, and tell that nobody has the name."""
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(_DUMMY, _LONG)
    assert not is_outdated(_DUMMY)


@pytest.mark.parametrize(("password", "problem"), [("x" * 14, "short"), ("x" * 1_001, "long")])
def test_length_is_all_that_is_asked(password: str, problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        hash_password(password, min_chars=15)
    assert fits("a" * 15, hash_password("a" * 15, min_chars=15))


def test_a_hash_of_other_parameters_is_outdated() -> None:
    assert is_outdated(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(_LONG))
    assert not is_outdated(hash_password(_LONG, min_chars=15))


def test_what_is_generated_is_long_enough_and_never_twice_the_same() -> None:
    assert len({generated() for _ in range(100)}) == 100
    assert len(generated()) == 24
