"""`python -m cli.reference FOLDER` writes the pages; `make reference` calls it."""

import sys
from pathlib import Path

from cli.reference.pages import PAGES


def main(folder: Path) -> None:
    """Writes every page into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (folder / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
