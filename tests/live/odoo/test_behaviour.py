"""The contract's cases against a real Odoo, as they stand."""

from __future__ import annotations

import pytest

from integrations.odoo.connector import Odoo
from tests.contract import BehaviourCases

pytestmark = pytest.mark.odoo_live


class TestBehaviour(BehaviourCases):
    """The shared cases, over real HTTP to the real system."""

    connector = Odoo
