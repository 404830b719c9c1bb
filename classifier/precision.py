"""Which device, and which number format it is fast and right with."""

import torch

from core.errors import Invalid

# What a layer makes of more tokens than this falls out of a core's caches. MiniLM on one thread of
# an EPYC, tickets of up to 64 tokens, in tickets a second of CPU time: 36 in chunks of 4,096
# tokens, 35 of 2,048, 48 of 1,024, 47 of 512; by ONNX Runtime in int8 64, 73, 77 and 81.
_CPU_TOKENS = 512  # for each thread


def resolve_device(setting: str) -> str:
    """The torch device of a setting: `auto`, `cpu`, `cuda` or `cuda:N`.

    Raises:
        Invalid: there is no such device here.
    """
    if setting == "cpu":
        return "cpu"
    if setting == "auto":
        return "cuda:0" if torch.cuda.is_available() else "cpu"
    name, _, number = setting.partition(":")
    if name != "cuda" or not (number or "0").isdigit():
        raise Invalid("device", f"{setting!r} is not known", "use auto, cpu, cuda or cuda:N")
    if int(number or 0) >= torch.cuda.device_count():
        raise Invalid("device", f"{setting} is not there", "use cpu, or a GPU that `doctor` lists")
    return f"cuda:{int(number or 0)}"


def resolve_precision(setting: str, device: str) -> torch.dtype:
    """The encoder's number format on a device.

    Args:
        setting: `fp32`, `bf16`, or `auto`: bf16 where the hardware multiplies it, because it is
            twice as fast there (142 against 66 texts of 64 tokens a second with AVX512_BF16) and
            many times slower where it is emulated.
        device: as `resolve_device` gave it.

    Raises:
        Invalid: the setting is not known.
    """
    known = {"fp32": torch.float32, "bf16": torch.bfloat16}
    if setting in known:
        return known[setting]
    if setting != "auto":
        raise Invalid("precision", f"{setting!r} is not known", "use auto, fp32 or bf16")
    return torch.bfloat16 if multiplies_bf16(device) else torch.float32


def multiplies_bf16(device: str) -> bool:
    """Whether the device has bf16 matrix products in hardware."""
    if device == "cpu":
        # torch offers these three to everyone under private names only.
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.cuda.get_device_capability(device) >= (8, 0)


def memory_bytes(device: str) -> dict[str, int]:
    """Memory of a GPU: `allocated` by tensors, `reserved` by torch, `total`; {} of a CPU."""
    if not device.startswith("cuda"):
        return {}
    return {
        "allocated": torch.cuda.memory_allocated(device),
        "reserved": torch.cuda.memory_reserved(device),
        "total": torch.cuda.get_device_properties(device).total_memory,
    }


def fitting_tokens(device: str, most: int = 4096) -> int:
    """How many padded tokens a device should compute at once where nobody measured: <= `most`."""
    if device != "cpu":
        return most
    return min(most, _CPU_TOKENS * torch.get_num_threads())


def device_name(device: str) -> str:
    """What a device is: `cpu`, or what the GPU's maker calls it."""
    return device if device == "cpu" else torch.cuda.get_device_name(device)
