"""A running Odoo as the headline run sees it: looked at from its own side."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from tests.live.headline import Move
from tests.live.odoo.seen import RealBooks


class InOdoo:
    """Odoo's journal entries, by way of its own interface."""

    slug = "odoo"
    account_code = "5010"
    taxes: Mapping[str, str] = {"T1": "T1"}

    def __init__(self, books: RealBooks) -> None:
        self._books = books
        self.settings: Mapping[str, str] = {"base_url": books.odoo.url, "database": books.database, "company_id": "1"}
        self.secrets: Mapping[str, str] = {"api_key": books.odoo.key}

    def frozen(self) -> AbstractContextManager[None]:
        """The one process that it runs in, stopped."""
        return self._books.odoo.frozen()

    def moves(self) -> list[Move]:
        """Every posted bill and credit note; what it owes is the opposite of its signed total."""
        found = self._books.moves("invoice_origin", "amount_total_signed")
        return [
            Move(str(one["invoice_origin"]).partition(" / ")[0], one["name"], -one["amount_total_signed"])
            for one in found
            if one["state"] == "posted"
        ]

    def drafts(self) -> int:
        """Bills that were begun and not posted."""
        return len([one for one in self._books.moves() if one["state"] == "draft"])
