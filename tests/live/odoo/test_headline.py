"""A hundred approved transactions through the whole portal into Odoo, while workers die and Odoo stands still."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live import headline
from tests.live.odoo.seen import RealBooks
from tests.live.odoo.theirs import InOdoo


@pytest.mark.odoo_live
def test_each_is_in_the_books_once_and_to_the_cent(books: RealBooks, tmp_path: Path) -> None:
    seen = headline.run(InOdoo(books), tmp_path)
    print(seen.told())
    assert headline.problems(seen) == []
    assert len(seen.moves) == headline.DOCUMENTS
    assert headline.shortfalls(seen) == []
