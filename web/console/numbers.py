"""Numbers as the reader's language writes them: `1,234.5` in English, `1.234,5` in German."""

from babel.numbers import format_decimal

from web.console.words import ENGLISH


def number(
    value: float, digits: int = 0, *, least: int | None = None, sign: bool = False, language: str
) -> str:
    """A number in groups of three.

    Args:
        value: what is told.
        digits: after the decimal mark, at most.
        least: after the decimal mark, at least; as many as `digits` where not given.
        sign: whether one from 0 on has a plus.
        language: the reader's, as the catalogues name it.
    """
    kept = digits if least is None else least
    places = f".{'0' * kept}{'#' * (digits - kept)}" if digits else ""
    pattern = f"#,##0{places}"
    return format_decimal(
        value, format=f"+{pattern};-{pattern}" if sign else pattern, locale=language
    )


def percent(share: float, digits: int = 0, *, language: str = ENGLISH) -> str:
    """A share of 1 as `42 %`."""
    return f"{number(share * 100, digits, language=language)} %"
