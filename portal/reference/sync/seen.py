"""Which rows were seen: a bit for each id, so that a hundred thousand take little more room than a thousand."""

from __future__ import annotations

from typing import Final

PAGE_BITS: Final = 12
IN_PAGE: Final = (1 << PAGE_BITS) - 1
PAGE_BYTES: Final = (IN_PAGE + 1) // 8


class Seen:
    """A set of row ids. Ids that were given out together share a page."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, number: int) -> bool:
        """False when it was there already."""
        page = self._pages.get(number >> PAGE_BITS)
        if page is None:
            page = self._pages[number >> PAGE_BITS] = bytearray(PAGE_BYTES)
        place, bit = (number & IN_PAGE) >> 3, 1 << (number & 7)
        if page[place] & bit:
            return False
        page[place] |= bit
        self._count += 1
        return True

    def __contains__(self, number: int) -> bool:
        page = self._pages.get(number >> PAGE_BITS)
        return page is not None and bool(page[(number & IN_PAGE) >> 3] & 1 << (number & 7))
