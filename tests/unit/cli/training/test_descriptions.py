from pathlib import Path

import pytest

from cli.training.descriptions import read_descriptions
from core.errors import Invalid


def test_labels_and_what_they_are_about(tmp_path: Path) -> None:
    file = tmp_path / "labels.json"
    file.write_text('{"refund": "Money back", "größe": ""}', encoding="utf-8")
    assert read_descriptions(file) == {"refund": "Money back", "größe": ""}


@pytest.mark.parametrize("content", ["[]", '{"refund": 1}', "{"])
def test_anything_else_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "labels.json"
    file.write_text(content)
    with pytest.raises(Invalid, match="is no JSON object of label and description"):
        read_descriptions(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="No such file"):
        read_descriptions(tmp_path / "nowhere.json")
