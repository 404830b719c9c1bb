"""Which texts go through the device together. Pure: lengths in, indices out."""

from collections.abc import Sequence


def plan_chunks(lengths: Sequence[int], max_tokens: int) -> list[list[int]]:
    """Groups texts so that little of what the device computes is padding.

    A chunk costs its texts times its longest text. What fits into one chunk stays in order of
    arrival; otherwise texts are sorted by length, longest first, so that a chunk that is too
    large for the device's memory is met before work was done on the others.

    Args:
        lengths: tokens of each text, >= 0.
        max_tokens: most padded tokens in a chunk, >= 1; a longer single text is a chunk alone.

    Returns:
        Chunks of indices into `lengths`; every index once, no chunk empty.
    """
    if not lengths:
        return []
    if len(lengths) * max(lengths) <= max_tokens:
        return [list(range(len(lengths)))]
    order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)
    chunks = [[order[0]]]
    for i in order[1:]:
        longest = lengths[chunks[-1][0]]
        if (len(chunks[-1]) + 1) * longest <= max_tokens:
            chunks[-1].append(i)
        else:
            chunks.append([i])
    return chunks
