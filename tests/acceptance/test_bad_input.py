import gzip
import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from core.ticket_json import MAX_BODY_CHARS
from tests.factories.commands import CommandLine


@pytest.fixture
def pointsman(postgres_url: str, redis_url: str, tmp_path: Path) -> CommandLine:
    services = (("POINTSMAN_DATABASE_URL", postgres_url), ("POINTSMAN_REDIS_URL", redis_url))
    return CommandLine(state=tmp_path / "state", variables=services)


def _line(id_: object, subject: object = "s", body: object = "b", **more: object) -> bytes:
    return json.dumps({"id": id_, "subject": subject, "body": body, **more}).encode()


def _stored(engine: Engine) -> dict[str, tuple[str, str]]:
    query = (
        "SELECT t.external_id, c.subject, c.body FROM tickets t JOIN ticket_contents c "
        "ON c.ticket_id = t.id AND c.revision = t.revision"
    )
    with engine.connect() as connection:
        return {row.external_id: (row.subject, row.body) for row in connection.execute(text(query))}


REFUSED = {
    "body one character too long": (_line("x", body="y" * (MAX_BODY_CHARS + 1)), "body"),
    "body of 10 MB": (_line("x", body="y" * 10_000_000), "body"),
    "line of 17 MB": (_line("x", body="y" * 17_000_000), "line"),
    "unknown field": (_line("x", colour="red"), "colour"),
    "broken JSON": (b'{"id": "x", "subject": ', "ticket"),
    "missing field": (b'{"id": "x", "subject": "s"}', "body"),
    "empty object": (b"{}", "id"),
    "not an object": (b'["x"]', "ticket"),
    "null": (b"null", "ticket"),
    "number for an id": (_line(7), "id"),
    "empty id": (_line(""), "id"),
    "null for a subject": (_line("x", subject=None), "subject"),
    "list for a body": (_line("x", body=["b"]), "body"),
    "string for labels": (_line("x", labels="refund"), "labels"),
    "list for metadata": (_line("x", metadata=[1]), "metadata"),
    "not UTF-8": (b'{"id": "x", "subject": "\xff", "body": "b"}', "ticket"),
    "NaN": (b'{"id": "x", "subject": "s", "body": "b", "metadata": {"a": NaN}}', "ticket"),
    "brackets a hundred thousand deep": (b"[" * 100_000, "ticket"),
}


def test_every_bad_line_is_named_and_every_good_one_between_goes_in(
    pointsman: CommandLine, engine: Engine, tmp_path: Path
) -> None:
    lines = []
    for number, (bad, _) in enumerate(REFUSED.values()):
        lines += [_line(f"good-{number}"), bad]
    file = tmp_path / "tickets.jsonl"
    file.write_bytes(b"\n".join([*lines, b"", _line("last")]))

    done = pointsman.run("tickets", "send", str(file), "--json")

    assert (done.status, "Traceback" in done.err) == (1, False)
    assert done.result["created"] == len(REFUSED) + 1
    found = [(error["line"], error["field"]) for error in done.result["errors"]]
    assert found == [(2 * n + 2, field) for n, (_, field) in enumerate(REFUSED.values())]
    for number, field in found:
        assert f"{file}:{number}: {field}: " in done.err
    assert len(_stored(engine)) == len(REFUSED) + 1
    assert max(map(len, done.err.splitlines())) < 400


def test_text_that_postgres_would_refuse_is_cleaned_and_stored(
    pointsman: CommandLine, engine: Engine, tmp_path: Path
) -> None:
    html = "<html><body><p>Hello</p><script>alert(1)</script></body></html>"
    file = tmp_path / "tickets.jsonl"
    file.write_bytes(
        b"\n".join(
            [
                _line("nul", subject="a\x00b"),
                b'{"id": "surrogate", "subject": "a\\ud800b", "body": "\\udfff"}',
                _line("empty", subject="", body=""),
                _line("html", body=html),
                _line("controls", subject="a\x1b[31mb"),
            ]
        )
    )
    done = pointsman.run("tickets", "send", str(file), "--json")
    assert (done.status, done.result["created"]) == (0, 5)
    assert _stored(engine) == {
        "nul": ("a\ufffdb", "b"),
        "surrogate": ("a\ufffdb", "\ufffd"),
        "empty": ("", ""),
        "html": ("s", html),
        "controls": ("a[31mb", "b"),
    }


def test_a_gzip_file_that_breaks_off_gives_every_whole_line_before_the_break(
    pointsman: CommandLine, engine: Engine, tmp_path: Path
) -> None:
    lines = [_line(f"t-{n}", body=f"{n * 7919 % 10_007} parcels are late") for n in range(4_000)]
    whole = gzip.compress(b"\n".join(lines))
    file = tmp_path / "tickets.jsonl.gz"
    file.write_bytes(whole[: len(whole) // 2])
    done = pointsman.run("tickets", "send", str(file), "--json")
    assert done.status == 1
    assert done.result["refused"] == 1
    assert 0 < done.result["created"] < 4_000
    assert done.result["errors"][0]["line"] == done.result["created"] + 1
    assert "breaks off" in done.err
    assert len(_stored(engine)) == done.result["created"]


def test_an_empty_file_is_fine_and_a_missing_one_is_not(
    pointsman: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "empty.jsonl").touch()
    done = pointsman.run("tickets", "send", str(tmp_path / "empty.jsonl"), "--json")
    assert (done.status, done.result["created"], done.result["refused"]) == (0, 0, 0)
    missing = pointsman.run("tickets", "send", str(tmp_path / "none.jsonl"))
    assert missing.status == 2
    assert "name a readable file" in missing.err
