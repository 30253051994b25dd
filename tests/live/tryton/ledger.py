"""Tryton's own books, looked at over its JSON-RPC, past the connector."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from integrations.base import Link
from integrations.documents import Document, IdempotencyKey, Kind
from integrations.http import Outbound
from integrations.reference import RecordKind
from integrations.tryton import kinds, mapping, money, paying
from integrations.tryton.client import Client
from integrations.tryton.connector import Tryton
from integrations.tryton.naming import named
from tests.live.tryton.furnishing import KEY
from tests.live.tryton.rig import COMPANY, DATABASE, Server
from tests.samples import REFERENCE

MODELS = (kinds.INVOICES, kinds.ORDERS)
LONG_AGO = dt.date(2024, 1, 31)


def link(server: Server, *, key: str = KEY, outbound: Outbound | None = None) -> Link:
    """What the portal would give to the connector."""
    return Link(
        settings={"base_url": server.url, "database": DATABASE, "company_id": COMPANY},
        secrets={"api_key": key},
        outbound=outbound or Outbound(allow_private=True),
    )


class Ledger:
    """What the contract wants to know of the other side, and what it does there."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.rpc = server.rpc()

    def count(self) -> int:
        money = self.rpc.ids(kinds.MOVES, [["journal.type", "=", "cash"]])
        return sum(len(self.rpc.ids(model, [])) for model in MODELS) + len(money)

    def states(self, model: str = kinds.INVOICES) -> list[str]:
        """The state of each document, the oldest first."""
        return [one["state"] for one in self.rpc.read(model, [], "state")]

    def owed(self, supplier_code: str) -> Decimal:
        payable = [["party.code", "=", supplier_code], ["account.type.payable", "=", True]]
        lines = self.rpc.read("account.move.line", payable, "debit", "credit")
        return sum((one["credit"] - one["debit"] for one in lines), Decimal(0))

    def due_from(self, customer_code: str) -> Decimal:
        receivable = [["party.code", "=", customer_code], ["account.type.receivable", "=", True]]
        lines = self.rpc.read("account.move.line", receivable, "debit", "credit")
        return sum((one["debit"] - one["credit"] for one in lines), Decimal(0))

    def pay_by_hand(self, invoice: str, amount: Decimal) -> str:
        """With the wizard that people have at the screen; partly paid is what they would leave it."""
        rpc = self._server.rpc()
        rpc.context |= {"active_model": kinds.INVOICES, "active_id": int(invoice), "active_ids": [int(invoice)]}
        session, run = rpc.call("wizard.account.invoice.pay.create")[0], "wizard.account.invoice.pay.execute"
        told = rpc.read(kinds.INVOICES, [["id", "=", int(invoice)]], "party", "currency", "account")[0]
        start = {
            "payee": told["party"], "currency": told["currency"], "invoice_account": told["account"], "company": 1,
            "payment_method": rpc.one("account.invoice.payment.method", ["name", "=", "Bank transfer"]),
            "amount": amount, "date": dt.date(2024, 3, 20),
        }  # fmt: skip
        before = set(rpc.ids(kinds.MOVES, []))
        rpc.call(run, session, {"start": start}, "choice")
        (made,) = set(rpc.ids(kinds.MOVES, [])) - before
        return str(made)

    def entries(self) -> list[dict[str, Any]]:
        """Every line of the ledger: account code, debit, credit."""
        return self.rpc.read("account.move.line", [], "account.code", "debit", "credit")

    def plant(self, document: Document, key: str) -> bool:
        """A careless sender gives it another number, or Tryton would refuse it."""
        draft = self.draft(replace(document, supplier_reference=f"{document.supplier_reference}-b"), key)
        self.rpc.call(f"model.{kinds.INVOICES}.post", [draft])
        return True

    def draft(self, document: Document, key: str) -> int:
        """What an attempt leaves behind that broke off before the second step."""
        client = Client(link(self._server))
        words: dict[str, Any] = {"key": IdempotencyKey(key), "reference": REFERENCE}
        if document.kind in kinds.MONEY:
            body = money.values(document, paying.named(client, document), **words)
        else:
            body = mapping.values(document, named(client, document), **words)
        book = kinds.book(document.kind)
        return int(client.create(book.model, body, book.fields)["id"])

    def forget_keys(self) -> None:
        """Tryton has none to forget."""

    def retire(self, kind: RecordKind) -> str | None:
        model, values = self._old()[kind]
        made = self.rpc.create(model, **values)
        end: dict[str, Any] = {"end_date": LONG_AGO} if kind is RecordKind.ACCOUNT else {"active": False}
        self.rpc.write(model, made, **end)
        return str(made)

    def _old(self) -> dict[RecordKind, tuple[str, dict[str, Any]]]:
        both = dict.fromkeys(("invoice_account", "credit_note_account"), self._account())
        rate, cent = Decimal("0.175"), Decimal("0.01")
        return {
            RecordKind.SUPPLIER: ("party.party", {"name": "Old Printing Works", "code": "OLD01"}),
            RecordKind.ACCOUNT: (
                "account.account",
                {"name": "Old account", "code": "7999", "company": 1, "type": self._type()},
            ),
            RecordKind.TAX: (
                "account.tax",
                {"name": "T9", "description": "Old rate", "type": "percentage", "rate": rate, "company": 1, **both},
            ),
            RecordKind.CURRENCY: (
                "currency.currency",
                {"name": "Irish pound", "code": "IEP", "symbol": "I", "digits": 2, "rounding": cent},
            ),
            RecordKind.DELIVERY_SITE: ("stock.location", {**self._zones(), "name": "Old warehouse", "code": "OLD"}),
            RecordKind.DIMENSION: ("analytic_account.account", {"name": "Old department", "code": "OLD", **self._in()}),
        }

    def stored(self, kind: Kind, external_id: str, name: str) -> bytes:
        """From Tryton's own table of attachments."""
        resource = f"{kinds.book(kind).model},{external_id}"
        found = self.rpc.read("ir.attachment", [["resource", "=", resource], ["name", "=", name]], "data")
        (data,) = (one["data"]["base64"] for one in found)
        return base64.b64decode(data)

    def _zones(self) -> dict[str, Any]:
        """A warehouse wants places of its own."""
        places = {
            f"{zone}_location": self.rpc.create("stock.location", name=f"Old {zone}", type="storage")
            for zone in ("input", "output", "storage")
        }
        return {"type": "warehouse", **places}

    def _in(self) -> dict[str, Any]:
        """Among the departments."""
        root = self.rpc.one("analytic_account.account", ["type", "=", "root"])
        return {"type": "normal", "company": 1, "root": root, "parent": root}

    def _type(self) -> int:
        return int(self.rpc.read("account.account", [["code", "=", "7504"]], "type")[0]["type"])

    def _account(self) -> int:
        return self.rpc.one("account.account", ["code", "=", "2.2.3"])


def system(server: Server, **terms: Any) -> Tryton:
    """The connector, linked to the rig."""
    return Tryton(link(server, outbound=Outbound(**{"allow_private": True, **terms})))
