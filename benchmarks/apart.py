"""A benchmark in a process of its own: none inherits threads, caches or sizes of another."""

import importlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def result_of(script: str) -> dict[str, Any]:
    """What a script measured; `script` names a module of this package and a function in it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_call, *script.split(":")).result()


def _call(module: str, function: str) -> dict[str, Any]:
    result: dict[str, Any] = getattr(importlib.import_module(f"benchmarks.{module}"), function)()
    return result
