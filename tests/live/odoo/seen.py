"""A look into the books of a real Odoo, past the connector: over its own interface, and into its database."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import requests
from psycopg import sql

from integrations.base import Link
from integrations.documents import Document, Kind
from integrations.exact import from_json
from integrations.http import Outbound
from integrations.odoo import mapping
from integrations.odoo.connector import Odoo as Connector
from integrations.reference import RecordKind
from tests.live.odoo.server import Odoo

_RETIRED: dict[RecordKind, tuple[str, dict[str, Any]]] = {
    RecordKind.SUPPLIER: ("res.partner", {"name": "Closed Ltd", "ref": "CLOSED01", "supplier_rank": 1}),
    RecordKind.ACCOUNT: ("account.account", {"name": "Closed", "code": "7599", "account_type": "expense"}),
    RecordKind.TAX: ("account.tax", {"name": "T9", "amount": 9, "type_tax_use": "purchase"}),
    RecordKind.DELIVERY_SITE: ("stock.warehouse", {"name": "Closed", "code": "OLD"}),
}


class RealBooks:
    """One database of a running Odoo. `call` is one call of its interface, made by nobody's connector."""

    def __init__(self, odoo: Odoo, database: str) -> None:
        self.odoo, self.database = odoo, database
        self.was_seen = False

    def system(self, *, key: str = "", **terms: Any) -> Connector:
        """The connector, linked to these books with the administrator's key or another; `terms` are its calls'."""
        settings = {"base_url": self.odoo.url, "database": self.database, "company_id": "1"}
        outbound = Outbound(**{"allow_private": True, **terms})
        return Connector(Link(settings=settings, secrets={"api_key": key or self.odoo.key}, outbound=outbound))

    def call(self, path: str, **arguments: Any) -> Any:
        """The answer to `POST /json/2/<path>`. Raises `requests.HTTPError` for a failure."""
        headers = {"Authorization": f"bearer {self.odoo.key}", "X-Odoo-Database": self.database}
        arguments.setdefault("context", {"active_test": False})
        reply = requests.post(f"{self.odoo.url}/json/2/{path}", json=arguments, headers=headers, timeout=60)
        reply.raise_for_status()
        return from_json(reply.text)

    def moves(self, *fields: str) -> list[dict[str, Any]]:
        """All bills and credit notes in any state, the oldest first."""
        domain = [["move_type", "in", ["in_invoice", "in_refund"]]]
        moves: list[dict[str, Any]] = self.call(
            "account.move/search_read", domain=domain, fields=["name", "state", *fields], order="id"
        )
        return moves

    def count(self) -> int:
        """Bills, credit notes and orders, what was sold, and customers' money, in any state."""
        sold = ["|", ["move_type", "in", ["out_invoice", "out_refund"]], ["journal_id.type", "=", "bank"]]
        of_sales = int(self.call("account.move/search_count", domain=sold))
        return len(self.moves()) + of_sales + int(self.call("purchase.order/search_count", domain=[]))

    def owed(self, supplier_code: str) -> Decimal:
        """The open balance of the supplier's payable account, in the company's currency."""
        return -self._balance(supplier_code, "liability_payable")

    def due_from(self, customer_code: str) -> Decimal:
        """The open balance of the customer's receivable account, likewise."""
        return self._balance(customer_code, "asset_receivable")

    def pay_by_hand(self, invoice: str, amount: Decimal) -> str:
        """Asked only where settlements are told."""
        raise NotImplementedError

    def _balance(self, code: str, account_type: str) -> Decimal:
        query = sql.SQL(
            "SELECT coalesce(sum(line.balance), 0) FROM account_move_line line"
            " JOIN account_move move ON move.id = line.move_id AND move.state = 'posted'"
            " JOIN account_account account ON account.id = line.account_id AND account_type = {}"
            " JOIN res_partner partner ON partner.id = line.partner_id WHERE partner.ref = {}"
        ).format(sql.Literal(account_type), sql.Literal(code))
        return Decimal(str(self.odoo.rows(self.database, query)[0][0]))

    def plant(self, document: Document, key: str) -> bool:
        """Odoo lets no two records have one external id."""
        return False

    def forget_keys(self) -> None:
        """The key is the document's own external id, which is never forgotten."""

    def retire(self, kind: RecordKind) -> str | None:
        """An archived record; of currencies most are inactive from the start."""
        if kind is RecordKind.CURRENCY:
            return str(self.call("res.currency/search", domain=[["active", "=", False]], limit=1)[0])
        if kind is RecordKind.DIMENSION:
            return self._retired_analytic_account()
        model, values = _RETIRED[kind]
        made = self.call(f"{model}/create", vals_list=[values])
        self.call(f"{model}/write", ids=made, vals={"active": False})
        return str(made[0])

    def stored(self, kind: Kind, external_id: str, name: str) -> bytes:
        """From Odoo's own store of files."""
        model = mapping.form(kind).model
        domain = [["res_model", "=", model], ["res_id", "=", int(external_id)], ["name", "=", name]]
        (found,) = self.call("ir.attachment/search_read", domain=domain, fields=["datas"])
        return base64.b64decode(found["datas"])

    def _retired_analytic_account(self) -> str:
        """A third department: to make it in Odoo takes a right that nobody needs here."""
        made = self.odoo.rows(
            self.database,
            sql.SQL(
                "INSERT INTO account_analytic_account (name, code, plan_id, root_plan_id, company_id, active)"
                " SELECT name, 'OLD', plan_id, root_plan_id, company_id, false FROM account_analytic_account"
                " WHERE code = 'ADM' RETURNING id"
            ),
        )
        return str(made[0][0])
