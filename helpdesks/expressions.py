"""JMESPath expressions, compiled and evaluated within bounds whatever they and the payload are.

Two bounds hold memory and one holds time. An expression may build at most `MOST_GROWTH` copies of
what it is given, which its form tells before it is kept: `[@, @] | [@, @] | …` would double at each
step. A text that is joined has a most, since `join(a, b)` multiplies two lengths. And all
expressions of a mapping together have so many steps.
"""

from collections.abc import Mapping
from math import prod
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from jmespath.visitor import Options, TreeInterpreter

from core.errors import Invalid

MAX_CHARS = 500
MOST_GROWTH = 20
MOST_STEPS = 500_000
"""Of one delivery; a second or so. A list counts for its length, at each step that gives it."""
MOST_JOINED_CHARS = 1_000_000
_SIDE_BY_SIDE = frozenset(
    {"multi_select_list", "multi_select_dict", "or_expression", "and_expression"}
)
_MISTAKES = (JMESPathError, RecursionError, ArithmeticError, ValueError, TypeError)


class _TooMuch(ValueError):
    """An evaluation has reached a bound."""


class _Functions(Functions):
    """Those of JMESPath, with a bound on the one that multiplies."""

    @signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, array: list[str]) -> str:
        chars = len(separator) * len(array) + sum(map(len, array))
        if chars > MOST_JOINED_CHARS:
            raise _TooMuch
        return separator.join(array)


class Evaluator(TreeInterpreter):
    """Evaluates the expressions of a mapping on one payload.

    Args:
        payload: any JSON.
    """

    def __init__(self, payload: object) -> None:
        super().__init__(Options(custom_functions=_Functions()))
        self._payload = payload
        self._steps_left = MOST_STEPS

    def found(self, field: str, expression: str) -> Any:
        """What an expression finds; None for nothing.

        Raises:
            Invalid: it is none, fails on this payload or has come to a bound.
        """
        parsed = _parsed(field, expression)
        try:
            return self.visit(parsed, self._payload)
        except _TooMuch as error:
            fix = "name what is needed by its path"
            raise Invalid(f"mapping.{field}", "takes too long on this delivery", fix) from error
        except _MISTAKES as error:
            problem = "does not work on this delivery"
            fix = "try it on a sample in the preview"
            raise Invalid(f"mapping.{field}", problem, fix) from error

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """One step; JMESPath's own calls itself by this."""
        result = super().visit(node, *args, **kwargs)
        self._steps_left -= 1 + (len(result) if isinstance(result, list) else 0)
        if self._steps_left < 0:
            raise _TooMuch
        return result


def check(field: str, expression: str) -> None:
    """Refuses what may not stand in a mapping.

    Raises:
        Invalid: it is too long, is no expression, or multiplies what it is given.
    """
    if len(expression) > MAX_CHARS:
        raise Invalid(f"mapping.{field}", "is too long", f"use at most {MAX_CHARS} characters")
    _parsed(field, expression)


def _parsed(field: str, expression: str) -> Mapping[str, Any]:
    try:
        parsed: Mapping[str, Any] = jmespath.compile(expression).parsed
        growth = _growth(parsed)
    except _MISTAKES as error:
        problem = "is no JMESPath expression"
        raise Invalid(f"mapping.{field}", problem, "see https://jmespath.org") from error
    if growth > MOST_GROWTH:
        fix = f"let it build at most {MOST_GROWTH} copies"
        raise Invalid(f"mapping.{field}", "multiplies what it is given", fix)
    return parsed


def _growth(node: Mapping[str, Any]) -> int:
    """How many times what it is given a result can be, at most."""
    parts = [_growth(child) for child in node["children"] if isinstance(child, dict)]
    if node["type"] in _SIDE_BY_SIDE:
        return sum(parts)
    if node["type"] == "function_expression":
        return max(sum(parts), prod(parts))
    return prod(parts)
