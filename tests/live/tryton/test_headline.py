"""A hundred approved transactions through the whole portal into Tryton, while workers die and Tryton stands still."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live import headline
from tests.live.tryton import rig
from tests.live.tryton.theirs import InTryton


@pytest.mark.tryton_live
def test_each_is_in_the_books_once_and_to_the_cent(server: rig.Server, tmp_path: Path) -> None:
    seen = headline.run(InTryton(server), tmp_path)
    print(seen.told())
    assert headline.problems(seen) == []
    assert len(seen.moves) == headline.DOCUMENTS
    assert headline.shortfalls(seen) == []
