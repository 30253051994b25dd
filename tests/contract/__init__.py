"""What every accounting system has to do, as cases that the tests of each connector inherit.

`BehaviourCases` is for all of them, the built-in ledger too. `HttpCases` is for those that speak HTTP; it plays the
outside system from a script. Both are inherited whole: `tests/house/test_contract.py` finds a connector without them,
and a case that a subclass replaces, skips or expects to fail.
"""

from __future__ import annotations

from tests.contract.behaviour import BehaviourCases
from tests.contract.books import Books, book
from tests.contract.conversation import Refusal, Step
from tests.contract.http import HttpCases

__all__ = ["BehaviourCases", "Books", "HttpCases", "Refusal", "Step", "book"]
