"""How many rows a list has, without reading it: pages come by number, so the last one is found by halves."""

from __future__ import annotations

from collections.abc import Callable

from integrations.icompleat.calling import MOST_PAGES, ROWS_A_PAGE


def rows(on_page: Callable[[int], int]) -> int:
    """The rows of a list, of which `on_page` tells how many are on a page from 1; past the end there are none.

    A list of n pages costs about two requests for each doubling of n. Pages are full but for the last one.
    """
    last = 1
    while (found := on_page(last)) == ROWS_A_PAGE and last < MOST_PAGES:
        last *= 2
    if last == 1 or found:
        return (last - 1) * ROWS_A_PAGE + found
    full, empty = last // 2, last
    while empty - full > 1:
        middle = (full + empty) // 2
        found = on_page(middle)
        if 0 < found < ROWS_A_PAGE:
            return (middle - 1) * ROWS_A_PAGE + found
        full, empty = (middle, empty) if found else (full, middle)
    return full * ROWS_A_PAGE
