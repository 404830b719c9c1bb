"""The fastest backend that installs here, built for a benchmark and measured before it."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from classifier.artifacts import Artifact
from classifier.backends.known import KINDS, TORCH
from classifier.budget import ON_CPU, measure
from classifier.transformer import Network, load_model, load_network
from core.errors import Permanent

_TRIED = 64  # texts by which backends are compared
_ROUNDS = 2


def fastest(artifact: Artifact, texts: Sequence[str], threads: int) -> tuple[str, Network]:
    """The network by torch and by each backend that can be built: the one that was quickest.

    Its chunks are as large as were measured to be good, as a worker's are.

    Args:
        artifact: whose network it is.
        texts: to fit backends to, and to compare them on; none that is measured later.
        threads: of each library.
    """
    ways = dict(_ways(artifact, texts, threads))
    name, network = min(ways.items(), key=lambda way: _seconds(way[1], texts[:_TRIED]))
    tune(network)
    return name, network


def tune(network: Network) -> None:
    """Sets how large chunks are, as a worker does; nothing on a machine that is too busy."""
    if (found := measure(network, ON_CPU)) is not None:
        network.chunk_tokens = found.tokens


def built(artifact: Artifact, name: str, texts: Sequence[str], threads: int) -> Network:
    """The network by one backend.

    Raises:
        Permanent: its library is not installed.
    """
    kind = KINDS[name]
    plain = load_network(artifact, device="cpu", threads=threads)
    with tempfile.TemporaryDirectory() as folder:
        kind.build(load_model(artifact).eval(), plain.encode(texts), Path(folder))
        files = {file: (Path(folder) / file).read_bytes() for file in kind.files}
    backend = kind.load(files, threads)
    return load_network(artifact, device="cpu", threads=threads, backend=backend)


def _ways(artifact: Artifact, texts: Sequence[str], threads: int) -> Iterator[tuple[str, Network]]:
    yield TORCH, load_network(artifact, device="cpu", threads=threads)
    for name in KINDS:
        try:
            yield name, built(artifact, name, texts, threads)
        except Permanent:  # an extra that is not installed
            continue


def _seconds(network: Network, texts: Sequence[str]) -> float:
    network.warm_up()
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        network.predict(texts)
        best = min(best, time.perf_counter() - began)
    return best
