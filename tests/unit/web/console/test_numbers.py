from typing import Any

import pytest

from web.console.numbers import number, percent


@pytest.mark.parametrize(
    ("value", "form", "english", "german"),
    [
        (1234567, {}, "1,234,567", "1.234.567"),
        (12.6, {}, "13", "13"),
        (0.4, {"digits": 2}, "0.40", "0,40"),
        (0.5, {"digits": 3, "least": 0}, "0.5", "0,5"),
        (0.0388, {"digits": 6, "least": 2}, "0.0388", "0,0388"),
        (1500, {"sign": True}, "+1,500", "+1.500"),
        (-0.25, {"digits": 3, "sign": True}, "-0.250", "-0,250"),
    ],
)
def test_a_number_is_written_as_its_reader_writes_it(
    value: float, form: dict[str, Any], english: str, german: str
) -> None:
    assert number(value, **form, language="en") == english
    assert number(value, **form, language="de") == german


def test_a_share_is_a_percentage() -> None:
    assert percent(0.416, language="de") == "42 %"
    assert (percent(0.416, 1, language="en"), percent(0.416, 1, language="de")) == (
        "41.6 %",
        "41,6 %",
    )
