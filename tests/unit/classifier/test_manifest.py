import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.manifest import (
    FileMark,
    Manifest,
    check_name,
    mark_file,
    parse_manifest,
)
from core.errors import ArtifactInvalid
from tests.factories.artifacts import tiny_facts

MANIFEST = Manifest(
    facts=tiny_facts(("a", "ü")), files={"config.json": FileMark(sha256="0" * 64, size=2)}
)


def changed(**fields: Any) -> bytes:
    return json.dumps(json.loads(MANIFEST.to_bytes()) | fields).encode()


def test_it_survives_its_file() -> None:
    assert parse_manifest(MANIFEST.to_bytes()) == MANIFEST


def test_facts_that_a_later_version_adds_are_left_alone() -> None:
    assert parse_manifest(changed(signature="x")) == MANIFEST


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_a_damaged_manifest_is_refused(raw: bytes) -> None:
    with pytest.raises(ArtifactInvalid, match=r"manifest\.json"):
        parse_manifest(raw)


def test_another_format_is_refused() -> None:
    with pytest.raises(ArtifactInvalid, match="format 2"):
        parse_manifest(changed(format=2))


BAD_NAMES = ["../x", "a/../../x", "/etc/passwd", "a//b", "a\\b", "", ".", "a b", "ä", "a/", "a\n"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_leads_out_of_the_folder_is_refused(name: str) -> None:
    with pytest.raises(ArtifactInvalid, match="safe file name"):
        parse_manifest(changed(files={name: {"sha256": "0" * 64, "size": 1}}))


@given(st.text(max_size=20))
def test_no_accepted_name_leaves_the_folder(name: str) -> None:
    try:
        check_name(name)
    except ArtifactInvalid:
        return
    folder = Path("/folder")
    assert folder in Path(f"/folder/{name}").resolve().parents


def test_a_mark_is_the_files_hash_and_size(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    mark = mark_file(tmp_path / "x")
    assert mark.size == 3
    assert mark.sha256 == hashlib.sha256(b"abc").hexdigest()
