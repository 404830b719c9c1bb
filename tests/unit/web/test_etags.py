import pytest

from web.etags import etag_of, must_match
from web.problems import Problem


@pytest.mark.parametrize("sent", ['"7"', "*", '"6", "7"'])
def test_a_change_made_on_what_stands_passes(sent: str) -> None:
    must_match(sent, 7)


def test_a_change_made_on_an_older_version_is_shown_both() -> None:
    with pytest.raises(Problem) as caught:
        must_match('"6"', 7, current={"rules": []}, yours={"rules": [1]})
    assert (caught.value.status_code, caught.value.headers) == (412, {"etag": etag_of(7)})
    assert caught.value.more == {"current": {"rules": []}, "yours": {"rules": [1]}}


def test_a_change_without_a_word_on_its_base_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        must_match(None, 7)
    assert caught.value.status_code == 428
