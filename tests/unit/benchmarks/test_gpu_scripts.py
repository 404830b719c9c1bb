"""The scripts for a GPU, run on a CPU in small; their figures mean nothing here."""

from benchmarks import g1_packed_gpu
from benchmarks.g1_packed_gpu import Trial


def test_packed_texts_get_the_features_of_padded_ones() -> None:
    result = g1_packed_gpu.measured(Trial(device="cpu", sizes=(256,), layers=1, texts=12))
    assert result["id"] == "G1"
    assert min(result["value"], result["peer_value"], result["ratio"]) > 0
    assert result["detail"]["largest_difference_packed"] < 1e-4
    assert 0.2 < result["detail"]["padding_share_of_peer"] < 0.6
