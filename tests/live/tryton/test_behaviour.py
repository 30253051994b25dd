"""The cases of every accounting system, against Tryton itself."""

from __future__ import annotations

import pytest

from integrations.tryton.connector import Tryton
from tests.contract import BehaviourCases

pytestmark = pytest.mark.tryton_live


class TestBehaviour(BehaviourCases):
    """The same cases that the stand-in passes."""

    connector = Tryton
