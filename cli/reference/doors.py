"""docs/reference/api.md: every door of the API, who may come in, and what it answers."""

from collections import defaultdict
from typing import Any

from pydantic import SecretStr

from cli.reference.tables import code, table
from core.settings import Settings
from web.access import ACCESS
from web.app import make_app

_HEAD = """\
# Doors of the API

Every route below `/v1`, with the roles that may use it and the scope that a narrowed token needs.
[api.md](../api.md) says what holds for all of them; `/openapi.json` of a running Pointsman has
shapes and examples, and any generator makes a typed client from it. Every error is problem JSON.

"""


def doors_page() -> str:
    """The page; connects to nothing."""
    nowhere = {
        "database_url": SecretStr("postgresql://nobody@127.0.0.1:1/none"),
        "redis_url": SecretStr("redis://127.0.0.1:1/0"),
    }
    described = make_app(Settings(_env_file=None, **nowhere)).openapi()  # type: ignore[arg-type]
    nouns: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            nouns[path.split("/")[2] if path.startswith("/v1/") else ""].append(
                _row(method.upper(), path, operation)
            )
    heads = ("door", "does", "roles", "scope", "answers")
    return _HEAD + "\n".join(
        f"## {noun or 'outside /v1'}\n\n{table(heads, rows)}"
        for noun, rows in sorted(nouns.items())
    )


def _row(method: str, path: str, operation: dict[str, Any]) -> tuple[str, ...]:
    door = ACCESS[method, path]
    roles = "anybody" if door is None else ", ".join(sorted(door.roles))
    scope = "" if door is None else door.scope or ""
    answers = ", ".join(sorted(operation["responses"]))
    return code(f"{method} {path}"), operation.get("summary", ""), roles, code(scope), answers
