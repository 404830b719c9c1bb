"""`ETag` and `If-Match` of what people edit: saving over another's change is told, not done."""

from typing import Annotated, Any

from fastapi import Header

from web.problems import Problem

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The `ETag` of what was read before it was changed; `*` for whatever stands.",
    ),
]


def etag_of(version: int | str) -> str:
    """The strong validator of a version (RFC 9110, 8.8.3)."""
    return f'"{version}"'


def must_match(if_match: str | None, standing: int | str, **versions: Any) -> None:
    """Lets a change pass that was made on what stands.

    Args:
        if_match: the header as it was sent.
        standing: the version that stands.
        versions: the members `current` and `yours` of the problem, so that both can be shown.

    Raises:
        Problem: the header is missing (428), or another version stands (412).
    """
    if if_match is None:
        raise Problem("match-needed", "The request carries no If-Match.")
    tags = {tag.strip() for tag in if_match.split(",")}
    if not tags & {"*", etag_of(standing)}:
        detail = f"Version {standing} stands; the request was made on {if_match}."
        raise Problem("changed-meanwhile", detail, headers={"etag": etag_of(standing)}, **versions)
