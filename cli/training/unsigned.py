"""A word on artifacts that commands on plain files open although no trusted key signed them."""

from collections.abc import Sequence
from pathlib import Path

from classifier.artifacts import is_signed_by
from classifier.key_files import takers_keys
from cli.output import complain
from core.settings import Settings


def note_unsigned(folders: Sequence[Path], settings: Settings) -> None:
    """Says on standard error which artifacts workers here would refuse; the command goes on.

    Nothing is said where no key is trusted, for then workers take any artifact too.

    Raises:
        ArtifactInvalid: a folder has no manifest.
        Invalid: the trusted keys cannot be read.
    """
    trusted = takers_keys(settings).trusts
    for folder in folders:
        if trusted and not is_signed_by(folder, trusted):
            complain(f"note: {folder} is not signed by a key that is trusted here")
