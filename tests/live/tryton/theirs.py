"""A running Tryton as the headline run sees it: looked at from its own side."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

from tests.live.headline import Move
from tests.live.tryton.furnishing import KEY
from tests.live.tryton.rig import COMPANY, DATABASE, Server

OUR_NUMBER = re.compile(r"P-\d{6,}")


class InTryton:
    """Tryton's general ledger, by way of its JSON-RPC."""

    slug = "tryton"
    account_code = "5010"
    taxes: Mapping[str, str] = {"T1": "T1"}
    secrets: Mapping[str, str] = {"api_key": KEY}

    def __init__(self, server: Server) -> None:
        self._server, self._rpc = server, server.rpc()
        self.settings = {"base_url": server.url, "database": DATABASE, "company_id": COMPANY}

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The one process that it runs in, stopped."""
        os.kill(self._server.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._server.pid, signal.SIGCONT)

    def moves(self) -> list[Move]:
        """Every entry that a bill made; its amount is what it owes on the payable account."""
        bills = self._rpc.read("account.invoice", [["move", "!=", None]], "description", "move", "move.number")
        return [Move(_ours(bill["description"]), bill["move."]["number"], self._owed(bill["move"])) for bill in bills]

    def drafts(self) -> int:
        """Bills without an entry."""
        return len(self._rpc.ids("account.invoice", [["state", "in", ["draft", "validated"]]]))

    def _owed(self, move: int) -> Decimal:
        lines = self._rpc.read(
            "account.move.line", [["move", "=", move], ["account.type.payable", "=", True]], "debit", "credit"
        )
        return sum((line["credit"] - line["debit"] for line in lines), Decimal(0))


def _ours(description: str) -> str:
    found = OUR_NUMBER.search(description or "")
    return found.group() if found else f"none in {description!r}"
