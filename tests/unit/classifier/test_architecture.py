import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel

from classifier.architecture import (
    OWN_KEY,
    HeadShape,
    MultilabelTransformer,
    pool,
    save_network,
)
from classifier.encoding import TicketTokenizer
from core.errors import ArtifactInvalid, Invalid
from tests.factories.artifacts import (
    LABELS,
    build_tiny_encoder,
    build_tiny_network,
    tiny_tokenizer,
)

IDS = torch.tensor([[2, 7, 9, 3], [2, 8, 3, 0]])
MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
STATES = torch.tensor([[[1.0, -1.0], [3.0, -3.0], [100.0, 100.0]]])  # (1, 3, 2)
HIDDEN_END = torch.tensor([[1, 1, 0]])


@pytest.mark.parametrize(
    ("how", "mask", "expected"),
    [
        ("mean", HIDDEN_END, [2.0, -2.0]),
        ("max", HIDDEN_END, [3.0, -1.0]),
        ("first", HIDDEN_END, [1.0, -1.0]),
        ("mean", None, [104 / 3, 32.0]),
        ("max", None, [100.0, 100.0]),
    ],
)
def test_pooling_leaves_padding_out(
    how: str, mask: torch.Tensor | None, expected: list[float]
) -> None:
    torch.testing.assert_close(pool(STATES, mask, how), torch.tensor([expected]))


def test_the_mean_of_nothing_is_zero() -> None:
    assert pool(STATES, torch.zeros(1, 3), "mean").tolist() == [[0, 0]]


SHAPES = [
    HeadShape(),
    HeadShape(layers=(-1, 1), pooling=("mean", "max", "first")),
    HeadShape(hidden=8),
    HeadShape(terms=3),
    HeadShape(terms=3, encoder_tokens=2),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_padding_does_not_change_a_score(shape: HeadShape) -> None:
    model = build_tiny_network(shape=shape)
    with torch.inference_mode():
        padded, alone = model(IDS, MASK)[1:], model(IDS[1:, :3])
    torch.testing.assert_close(padded, alone, rtol=1e-4, atol=1e-5)
    assert padded.shape == (1, len(LABELS))


def test_the_encoder_reads_no_further_than_its_share_of_the_tokens() -> None:
    model = build_tiny_network(shape=HeadShape(encoder_tokens=2)).eval()
    with torch.inference_mode():
        whole = model.features(IDS)
        torch.testing.assert_close(whole, model.features(IDS[:, :2]))
    assert [model.cost(ids) for ids in ([1], [1, 2, 3])] == [1, 2]


def test_features_of_all_layers_and_poolings_lie_side_by_side() -> None:
    model = build_tiny_network(shape=SHAPES[1])
    with torch.inference_mode():
        features = model.features(IDS, MASK)
    assert features.shape == (2, model.feature_size) == (2, 2 * 3 * 32)
    last = model.encoder(input_ids=IDS, attention_mask=MASK).last_hidden_state
    torch.testing.assert_close(features[:, 64:96], last[:, 0])


def test_an_unknown_pooling_is_refused() -> None:
    with pytest.raises(Invalid, match="use mean, max, first"):
        build_tiny_network(shape=HeadShape(pooling=("median",)))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_network_is_rebuilt_from_its_files(tmp_path: Path, shape: HeadShape) -> None:
    model = build_tiny_network(shape=shape)
    save_network(model, TicketTokenizer(tiny_tokenizer(), 64), tmp_path)
    again = MultilabelTransformer.from_config(json.loads((tmp_path / "config.json").read_bytes()))
    again.load_state_dict(load_file(tmp_path / "model.safetensors"))
    assert (again.labels, again.shape) == (model.labels, model.shape)
    with torch.inference_mode():
        torch.testing.assert_close(again.eval()(IDS, MASK), model(IDS, MASK))


def test_the_configuration_is_a_multi_label_one_in_label_order() -> None:
    config = build_tiny_network().config_object()
    assert config["problem_type"] == "multi_label_classification"
    assert list(config["id2label"].values()) == list(LABELS)
    assert config["label2id"] == {label: i for i, label in enumerate(LABELS)}


def test_a_pretrained_encoder_keeps_its_weights(tmp_path: Path) -> None:
    folder = build_tiny_encoder(tmp_path / "encoder", seed=3)
    model = MultilabelTransformer.from_encoder(folder, LABELS).eval()
    plain = AutoModel.from_pretrained(folder)
    with torch.inference_mode():
        torch.testing.assert_close(
            model.encoder(input_ids=IDS).last_hidden_state, plain(input_ids=IDS).last_hidden_state
        )


def test_an_encoder_loads_without_a_word_on_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = build_tiny_encoder(tmp_path / "encoder")
    capfd.readouterr()
    MultilabelTransformer.from_encoder(folder, LABELS)
    assert capfd.readouterr() == ("", "")


def test_an_encoder_with_a_decoder_is_refused(tmp_path: Path) -> None:
    from transformers import T5Config, T5Model  # noqa: PLC0415  of this test alone

    T5Model(
        T5Config(vocab_size=8, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
    ).save_pretrained(tmp_path)
    with pytest.raises(Invalid, match="decoder"):
        MultilabelTransformer.from_encoder(tmp_path, LABELS)


def test_an_encoder_that_wants_its_own_code_is_refused(tmp_path: Path) -> None:
    folder = build_tiny_encoder(tmp_path / "encoder")
    config = json.loads((folder / "config.json").read_bytes())
    config |= {"model_type": "special", "auto_map": {"AutoConfig": "code.C", "AutoModel": "code.M"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "code.py").write_text("raise SystemExit('was run')")
    with pytest.raises(Invalid, match="cannot be loaded"):
        MultilabelTransformer.from_encoder(folder, LABELS)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"auto_map": {"AutoModel": "code.M"}}, "auto_map"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantization_config"),
        ({"model_type": "special"}, "model_type"),
        ({"model_type": None}, "model_type"),
        ({"id2label": {"1": "a"}}, "id2label"),
        ({"id2label": ["a"]}, "id2label"),
        ({OWN_KEY: {"layers": 1}}, "head"),
        ({OWN_KEY: None}, "head"),
    ],
)
def test_a_configuration_that_we_do_not_load_is_refused(change: dict[str, Any], cause: str) -> None:
    with pytest.raises(ArtifactInvalid, match=cause):
        MultilabelTransformer.from_config(build_tiny_network().config_object() | change)


def test_an_attention_kernel_named_in_the_configuration_is_not_fetched() -> None:
    config = build_tiny_network().config_object()
    named = {key: "somebody/kernel" for key in ("attn_implementation", "_attn_implementation")}
    model = MultilabelTransformer.from_config(config | named)
    assert model.encoder.config._attn_implementation == "sdpa"
