import pytest

from cli.running.up import parse_parts
from core.errors import Invalid


def test_parts_are_read_with_spaces_and_repeats() -> None:
    assert parse_parts("web, worker,web") == {"web", "worker"}


@pytest.mark.parametrize("only", ["", ",", "console", "web;beat"])
def test_a_part_that_up_does_not_have_is_refused(only: str) -> None:
    with pytest.raises(Invalid, match="--only"):
        parse_parts(only)
