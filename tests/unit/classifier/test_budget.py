from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier import budget
from classifier.backends.choice import Preference, budget_file, load_preferred
from classifier.backends.known import TORCH
from classifier.budget import Budget, measure
from classifier.transformer import Network, load_network
from core.errors import Transient
from tests.factories.artifacts import build_tiny_artifact


def test_the_smallest_chunk_counts_that_is_nearly_as_fast_as_any() -> None:
    rates = {256: 900.0, 512: 985.0, 1024: 1000.0, 2048: 600.0}
    assert Budget(tokens_per_s=rates, at="").tokens == 512


def test_it_is_measured_once_for_a_kind_of_network_and_a_setting_overrides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (build_tiny_artifact(tmp_path / name, seed=n) for n, name in enumerate("ab"))
    memory = tmp_path / "memory"
    measured = load_preferred(first, device="cpu", threads=1, wanted=Preference(memory=memory))
    kept = budget.remembered(budget_file(first, TORCH, device="cpu", threads=1, memory=memory))
    assert kept is not None
    assert measured.chunk_tokens == kept.tokens
    monkeypatch.setattr(budget, "measure", None)  # never again, for a retrained model neither
    again = load_preferred(second, device="cpu", threads=1, wanted=Preference(memory=memory))
    assert again.chunk_tokens == kept.tokens
    wanted = Preference(memory=memory, chunk_tokens=77)
    assert load_preferred(first, device="cpu", threads=1, wanted=wanted).chunk_tokens == 77


def test_other_threads_another_backend_and_another_size_are_measured_apart(tmp_path: Path) -> None:
    small = {"model_type": "bert", "hidden_size": 8}
    files = {
        budget.file_of(tmp_path, config, backend=backend, device="cpu", threads=threads)
        for config, backend, threads in (
            (small, TORCH, 1),
            (small, TORCH, 2),
            (small, "onnx-int8", 1),
            (small | {"hidden_size": 16}, TORCH, 1),
        )
    }
    assert len(files) == 4


def test_what_cannot_be_read_is_measured_anew(tmp_path: Path) -> None:
    file = tmp_path / "chunks.json"
    file.write_text('{"tokens_per_s": {}}')
    assert budget.measured(_network(tmp_path), file) is not None
    assert budget.remembered(file) is not None


def test_chunks_that_do_not_fit_into_memory_end_the_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = _network(tmp_path)
    compute = network.logits

    def small(token_ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        if sum(map(len, token_ids)) > 256:
            raise Transient("the memory of cuda:0 ran out")
        return compute(token_ids)

    monkeypatch.setattr(network, "logits", small)
    found = measure(network, [128, 256, 512, 1024])
    assert found is not None
    assert list(found.tokens_per_s) == [128, 256]
    with pytest.raises(Transient):
        measure(network, [512])


def test_a_machine_that_is_too_busy_keeps_nothing_and_serves_with_the_usual_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "_WITHIN_S", -1.0)
    artifact = build_tiny_artifact(tmp_path / "model")
    wanted = Preference(memory=tmp_path / "memory")
    network = load_preferred(artifact, device="cpu", threads=1, wanted=wanted)
    assert network.chunk_tokens == 512
    assert not (tmp_path / "memory").exists()


def _network(folder: Path) -> Network:
    return load_network(build_tiny_artifact(folder / "model"), device="cpu", threads=1)


def test_a_network_cuts_texts_by_its_own_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, seen = _network(tmp_path), list[int]()
    compute = network.logits

    def noted(token_ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        seen.append(len(token_ids) * max(map(len, token_ids)))
        return compute(token_ids)

    monkeypatch.setattr(network, "logits", noted)
    network.chunk_tokens = 40
    network.predict(["refund please", "where is my package"] * 9)
    assert len(seen) > 1
    assert max(seen) <= 40
