"""Streams of decided tickets put straight into the tables, at any time and with any scores."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from core.text import model_text
from store.bulk import copy_rows
from store.partitions import first_uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One ticket of a stream, as it was decided."""

    body: str
    scores: Mapping[str, float]
    labels: Sequence[str] = ()
    language: str | None = None
    channel: str | None = None
    department: str = "orders"
    rung: str = "model"


def put(
    connection: Connection,
    made: Sequence[Made],
    *,
    version: str,
    start: datetime,
    every: timedelta = timedelta(milliseconds=10),
) -> list[UUID]:
    """Stores tickets that arrived and were decided one after the other; returns their ids."""
    at = [start + every * place for place in range(len(made))]
    ids = [UUID(int=first_uuid(moment).int + place) for place, moment in enumerate(at)]
    copy_rows(
        connection,
        "tickets",
        ("id", "source", "external_id", "state", "content_hash", "decided_at"),
        [(id_, "s", str(id_), "decided", b"", moment) for id_, moment in zip(ids, at, strict=True)],
    )
    contents = zip(ids, made, strict=True)
    copy_rows(
        connection,
        "ticket_contents",
        ("ticket_id", "revision", "subject", "body", "language", "channel"),
        [(id_, 1, "", one.body, one.language, one.channel) for id_, one in contents],
    )
    copy_rows(
        connection,
        "decisions",
        (
            *("ticket_id", "revision", "primary_department", "collaborators", "labels", "reason"),
            *("trace", "scores", "rung", "model_version", "ruleset_version", "input_hash"),
            *("claim_token", "decided_at"),
        ),
        [
            (
                *(id_, 1, one.department, [], list(one.labels)),
                "rule" if model_text("", one.body) else "empty_text",
                *("[]", json.dumps(dict(one.scores)), one.rung, version, 1, b"", 1, moment),
            )
            for id_, one, moment in zip(ids, made, at, strict=True)
        ],
    )
    return ids


def age_model(connection: Connection, version: str, moment: datetime) -> None:
    """Lets a version have served since a moment."""
    connection.execute(
        text("UPDATE model_versions SET activated_at = :moment WHERE version = :version"),
        {"moment": moment, "version": version},
    )
