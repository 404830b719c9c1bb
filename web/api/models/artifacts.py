"""What this process reads out of artifact folders, which lie on a volume shared with trainers."""

from classifier.artifacts import open_artifact
from core.errors import ArtifactInvalid
from store.models.model_versions import KnownVersion
from web.api.models.changes import unreadable
from web.api.models.schemas import Manifest
from web.problems import Problem


def manifest_of(known: KnownVersion) -> tuple[Manifest | None, str | None]:
    """The facts of a version's artifact, or else why they cannot be read here."""
    try:
        manifest = open_artifact(known.path).manifest
    except (ArtifactInvalid, OSError) as error:
        return None, str(error)
    facts = manifest.facts
    return Manifest(
        encoder=facts.encoder,
        max_length=facts.max_length,
        dataset_hash=facts.dataset_hash,
        seeds=list(facts.seeds),
        code_version=facts.code_version,
        preset=facts.preset,
        training=dict(facts.training),
        files=len(manifest.files),
    ), None


def page_of(known: KnownVersion, name: str) -> str:
    """A text file of the artifact, as it was when the artifact was made.

    Raises:
        Problem: the artifact has none, or this process cannot read it unaltered.
    """
    try:
        artifact = open_artifact(known.path)
        if not artifact.has(name):
            raise Problem("not-found", f"Version {known.version} has no {name}.")
        return artifact.verified(name).read_text(encoding="utf-8")
    except ArtifactInvalid as error:
        raise unreadable(error) from error
