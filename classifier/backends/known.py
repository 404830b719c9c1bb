"""Which backends there are, and how an artifact's is loaded. `torch` is what needs none."""

from collections.abc import Mapping
from types import MappingProxyType

from classifier.artifacts import Artifact
from classifier.backends import onnx_int8, openvino_int8
from classifier.backends.protocol import FOLDER, Backend, Kind
from core.errors import ArtifactInvalid, Invalid

TORCH = "torch"
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "onnx-int8": Kind(
            files=(onnx_int8.FILE,),
            extra=onnx_int8.EXTRA,
            load=onnx_int8.load,
            build=onnx_int8.build,
        ),
        "openvino-int8": Kind(
            files=(openvino_int8.GRAPH, openvino_int8.WEIGHTS),
            extra=openvino_int8.EXTRA,
            load=openvino_int8.load,
            build=openvino_int8.build,
        ),
    }
)


def kind_of(name: str) -> Kind:
    """A kind of backend.

    Raises:
        Invalid: there is none of this name.
    """
    if name not in KINDS:
        raise Invalid("--backend", f"{name!r} is not known", f"use {' or '.join(KINDS)}")
    return KINDS[name]


def carried(artifact: Artifact) -> list[str]:
    """The backends whose files an artifact lists."""
    return [
        name
        for name, kind in KINDS.items()
        if all(artifact.has(f"{FOLDER}/{file}") for file in kind.files)
    ]


def load_backend(artifact: Artifact, name: str, lanes: int) -> Backend:
    """A backend of an artifact; its files are verified before they are parsed.

    Args:
        artifact: that carries it.
        name: one of `KINDS`.
        lanes: as `protocol.Load`.

    Raises:
        ArtifactInvalid: it has no such backend, or a file of it is missing or altered.
        Permanent: the library is not installed, or cannot read them.
    """
    if name not in carried(artifact):
        raise ArtifactInvalid(f"{artifact.path.name} holds no backend {name}")
    kind = KINDS[name]
    files = {file: artifact.verified(f"{FOLDER}/{file}").read_bytes() for file in kind.files}
    return kind.load(files, lanes)
