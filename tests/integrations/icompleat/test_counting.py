"""How many rows a list has is found in a handful of requests."""

from __future__ import annotations

from math import ceil, log2

import pytest

from integrations.icompleat.counting import rows


@pytest.mark.parametrize("there", [0, 1, 99, 100, 101, 199, 200, 201, 399, 400, 401, 1_234, 25_600, 99_999, 100_000])
def test_the_rows_are_counted_in_a_handful_of_requests(there: int) -> None:
    asked: list[int] = []

    def on_page(page: int) -> int:
        asked.append(page)
        return min(100, max(0, there - (page - 1) * 100))

    assert rows(on_page) == there
    assert len(asked) <= 2 + 2 * ceil(log2(max(2, there / 100)))
    assert len(set(asked)) == len(asked)


def test_a_list_without_an_end_is_not_asked_for_ever() -> None:
    asked: list[int] = []

    def full(page: int) -> int:
        asked.append(page)
        return 100

    assert rows(full) > 500_000
    assert len(asked) < 20
