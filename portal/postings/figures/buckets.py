"""Lengths of time as counts in fixed buckets, so that days can be added up and a median read from the sum.

Each bucket but the first and the last ends 19 % (the fourth root of two) above where it begins: from a twentieth of a
second to 32 days in 104 steps. A median that is read from them lies in the bucket of the true one, so it is at most
19 % away from it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate, zip_longest
from typing import Final

FIRST_SECONDS: Final = 0.05
STEPS: Final = 104
EDGES: Final = tuple(FIRST_SECONDS * 2 ** (step / 4) for step in range(STEPS + 1))
# Below the first edge, between two neighbours, and beyond the last one.
BUCKETS: Final = len(EDGES) + 1


def bucket_of(seconds: float) -> int:
    """The position of the bucket that a length of time falls into. A negative one, of two clocks, counts as none."""
    return bisect_right(EDGES, seconds)


def counted(lengths: Iterable[float]) -> list[int]:
    """So many in each bucket, up to the last that is not empty."""
    places = [bucket_of(seconds) for seconds in lengths]
    counts = [0] * (max(places, default=-1) + 1)
    for place in places:
        counts[place] += 1
    return counts


def added(histograms: Iterable[list[int]]) -> list[int]:
    """The sum of several."""
    return [sum(counts) for counts in zip_longest(*histograms, fillvalue=0)]


def median(counts: list[int]) -> float | None:
    """The median in seconds, interpolated inside its bucket; None where nothing is counted.

    Of an even number it is the lower of the two in the middle. Beyond the last edge it is that edge.
    """
    half = sum(counts) / 2
    if not half:
        return None
    sums = [0, *accumulate(counts)]
    place = next(place for place, reached in enumerate(sums[1:]) if reached >= half)
    share = (half - sums[place]) / counts[place]
    if place == 0:
        return FIRST_SECONDS * share
    if place == BUCKETS - 1:
        return EDGES[-1]
    low, high = EDGES[place - 1], EDGES[place]
    return float(low * (high / low) ** share)
