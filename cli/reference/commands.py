"""docs/reference/cli.md: every command with its arguments, options and an example."""

from collections.abc import Iterator
from typing import Any

import typer

from cli.main import app
from cli.reference.tables import code, table

_HEAD = """\
# The command line

`pointsman COMMAND --help` says the same. With `--json` stdout carries JSON alone, its last line the
result. A command exits with 0 when it is done, 1 when it failed, 2 on bad arguments, 130 on Ctrl-C.

"""


def commands_page() -> str:
    """The page."""
    return _HEAD + "\n".join(_section(name, command) for name, command in _commands())


def _commands() -> Iterator[tuple[str, Any]]:
    """Every command with its whole name, in alphabetical order; typer's types are its own."""
    for name, command in sorted(typer.main.get_command(app).commands.items()):  # type: ignore[attr-defined]
        inner = sorted(getattr(command, "commands", {}).items())
        yield from ((f"{name} {word}", below) for word, below in inner)
        if not inner:
            yield name, command


def _section(name: str, command: Any) -> str:
    context = command.context_class(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    parts = [f"## pointsman {name}\n", f"{command.help or ''}\n", f"`pointsman {name} {usage}`\n"]
    rows = [_row(parameter) for parameter in command.params]
    if rows:
        parts.append(table(("argument or option", "what it does", "default"), rows))
    if command.epilog:
        parts.append(f"{_example(command.epilog)}\n")
    return "\n".join(parts)


def _row(parameter: Any) -> tuple[str, str, str]:
    is_option = parameter.param_type_name == "option"
    names = [*parameter.opts, *parameter.secondary_opts]
    name = ", ".join(names) if is_option else parameter.metavar or parameter.name.upper()
    default = parameter.default if is_option else None
    words = getattr(parameter, "help", None) or ""
    return code(name), words, "" if default in (None, False, ()) else code(str(default))


def _example(epilog: str) -> str:
    """The example of an epilog, as code."""
    head, _, line = epilog.partition(": ")
    return f"{head}: {code(line)}"
