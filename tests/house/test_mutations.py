"""The deliberate bugs fit the product's text as it is now: a bug that cannot be put in catches nothing."""

from __future__ import annotations

import pytest

from tests.house.tree import ROOT
from tests.mutations.bugs import BUGS


@pytest.mark.parametrize("name", BUGS)
def test_a_bug_still_fits(name: str) -> None:
    assert all(change.before in change.fits(ROOT) for change in BUGS[name])
