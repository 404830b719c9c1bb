"""Imported, it has a CPU multiply float32 only, whatever the processor can do.

So every machine sees the same scores. bf16 is asked for by name where a test is about it.
"""

import torch

torch.cpu._is_avx512_bf16_supported = lambda: False
torch.cpu._is_amx_tile_supported = lambda: False
