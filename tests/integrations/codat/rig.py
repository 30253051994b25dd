"""What tests do with the stand-in for Codat past its interface: turn its switches, and read the books behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import requests

from integrations.base import Link
from integrations.codat.standin.memory import Memory
from integrations.codat.standin.platforms import PLATFORMS
from integrations.codat.standin.records import Records
from integrations.documents import Document, Kind
from integrations.exact import from_json, to_json
from integrations.http import Outbound
from integrations.reference import RecordKind
from integrations.sandbox import Recorder, Store
from tests.integrations.codat.schema import Checked
from tests.samples import REFERENCE

KEY = "codat-key-of-the-tests"
SECRET = "whsec_cG9zdHJvb20tb2YtdGhlLXRlc3RzLTEyMzQ1Njc4"
HEADERS = {"Authorization": "Basic Y29kYXQta2V5LW9mLXRoZS10ZXN0cw=="}
TYPES: Mapping[Kind, str] = {
    Kind.INVOICE: "bills",
    Kind.CREDIT_NOTE: "billCreditNotes",
    Kind.PURCHASE_ORDER: "purchaseOrders",
    Kind.SALES_INVOICE: "invoices",
    Kind.SALES_CREDIT_NOTE: "creditNotes",
    Kind.PAYMENT: "payments",
    Kind.REFUND: "payments",
}
RECORD_TYPES: Mapping[RecordKind, str] = {
    RecordKind.SUPPLIER: "suppliers",
    RecordKind.ACCOUNT: "chartOfAccounts",
    RecordKind.TAX: "taxRates",
    RecordKind.DIMENSION: "trackingCategories",
}
_SIGNS: Mapping[str, int] = {"bills": 1, "billCreditNotes": -1}
_SALES_SIGNS: Mapping[str, int] = {"invoices": 1, "creditNotes": -1, "payments": -1}


@dataclass(frozen=True, slots=True)
class Linked:
    """A linked company: its id at Codat, that of its connection, and the key of the accounting system."""

    company: str
    connection: str
    platform: str


@dataclass
class Codat:
    """The served stand-in. `url` is what a connector gets as its address."""

    url: str
    state: Store
    recorder: Recorder
    checked: Checked

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Turn a switch; gives what it tells. Anything but 200 is a mistake of the test."""
        sent = None if body is None else to_json(body).encode()
        headers = {"Content-Type": "application/json"}
        answer = requests.request(method, f"{self.url}/control/{path}", data=sent, headers=headers, timeout=20)
        assert answer.status_code == 200, answer.text
        return from_json(answer.text)

    def set(self, **settings: Any) -> None:
        """Change settings of the stand-in."""
        self.control("PUT", "settings", settings)

    def later(self, seconds: int) -> None:
        """Put its clock ahead."""
        self.control("POST", "clock", {"advance_seconds": seconds})

    def plan(self, outcome: str, **more: Any) -> None:
        """Say how the next write ends."""
        self.control("POST", "push", {"outcome": outcome, **more})

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> requests.Response:
        """A request as any client would send it, with the right key."""
        sent = None if body is None else to_json(body).encode()
        given = {**HEADERS, **({"Content-Type": "application/json"} if sent else {})}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        address = f"{self.url}/{path}"
        return requests.request(method, address, data=sent, headers=given, timeout=20, allow_redirects=False)

    def linked(self, platform: str = "mqjo", **more: Any) -> Linked:
        """Another company, linked, with everything read."""
        told = self.control("POST", "link", {"platform": platform, **more})
        return Linked(told["company"], told["connection"], platform)

    def link(self, linked: Linked, *, outbound: Outbound | None = None, **settings: str) -> Link:
        """What a connector gets for a linked company."""
        return Link(
            settings={"base_url": self.url, "platform": linked.platform, **settings},
            secrets={"api_key": KEY, "webhook_secret": SECRET},
            outbound=outbound or Outbound(allow_private=True),
            told=self.told(linked),
        )

    def told(self, linked: Linked) -> dict[str, Any]:
        """What the connector remembers of it."""
        platform = PLATFORMS[linked.platform]
        return {
            "company": linked.company,
            "connection": linked.connection,
            "platform": platform.key,
            "platform_name": platform.name,
            "base_currency": "GBP",
            "company_name": "Harbour Street Studios Ltd",
            "features": {data_type: list(features) for data_type, features in platform.features.items()},
            "status": "Linked",
        }

    def rows(self, linked: Linked, data_type: str) -> list[dict[str, Any]]:
        """Rows of the books, as the accounting system itself has them."""
        with self.state.transaction() as database:
            return list(Records(Memory(database), linked.connection).every(data_type))

    def write(self, linked: Linked, data_type: str, row: Mapping[str, Any]) -> None:
        """Change a row of the books over there, past Codat."""
        self.control("PUT", f"connections/{linked.connection}/records/{data_type}", row)

    def refresh(self, linked: Linked) -> None:
        """Let Codat read everything again, at once."""
        self.control("POST", f"connections/{linked.connection}/refresh", {})


class SeenBooks:
    """The books behind one connection."""

    def __init__(self, codat: Codat, linked: Linked) -> None:
        self.codat = codat
        self.linked = linked

    def every(self, data_type: str) -> list[dict[str, Any]]:
        return self.codat.rows(self.linked, data_type)

    def count(self) -> int:
        return sum(len(self.every(data_type)) for data_type in set(TYPES.values()))

    def owed(self, supplier_code: str) -> Decimal:
        """By the id of the supplier, or by its name where the accounting system gives ids of its own."""
        total = Decimal(0)
        for data_type, sign in _SIGNS.items():
            for row in self.every(data_type):
                if supplier_code in {row["supplierRef"]["id"], row["supplierRef"].get("supplierName")}:
                    base = Decimal(row["totalAmount"]) * Decimal(row["currencyRate"])
                    total += sign * base.quantize(Decimal("0.01"), ROUND_HALF_UP)
        return total

    def due_from(self, customer_code: str) -> Decimal:
        """By the id of the customer, or by the name as for suppliers. A refund is a payment below zero."""
        total = Decimal(0)
        for data_type, sign in _SALES_SIGNS.items():
            for row in self.every(data_type):
                if customer_code in {row["customerRef"]["id"], row["customerRef"].get("companyName")}:
                    base = Decimal(row["totalAmount"]) * Decimal(row["currencyRate"])
                    total += sign * base.quantize(Decimal("0.01"), ROUND_HALF_UP)
        return total

    def pay_by_hand(self, invoice: str, amount: Decimal) -> str:
        """As somebody enters it over there, and Codat reads it."""
        (row,) = [one for one in self.every("invoices") if one["id"] == invoice]
        (bank,) = [one for one in self.every("chartOfAccounts") if one["isBankAccount"]]
        link = {"type": "Invoice", "id": invoice, "amount": -amount}
        payment = {
            "id": "by-hand", "customerRef": row["customerRef"], "accountRef": {"id": bank["id"]}, "currency": "GBP",
            "currencyRate": Decimal(1), "totalAmount": amount, "date": "2024-03-20T00:00:00", "note": "By hand",
            "lines": [{"amount": amount, "links": [link]}],
        }  # fmt: skip
        self.codat.write(self.linked, "payments", payment)
        self.codat.refresh(self.linked)
        return "by-hand"

    def plant(self, document: Document, key: str) -> bool:
        """Book what was booked last once more: a plain second try with everything on it, under another id."""
        data_type = TYPES[document.kind]
        (*_, last) = [one for one in self.every(data_type) if key in to_json(one) or REFERENCE in to_json(one)]
        self.codat.write(self.linked, data_type, {**last, "id": f"{last['id']}9"})
        self.codat.refresh(self.linked)
        return True

    def forget_keys(self) -> None:
        with self.codat.state.transaction() as database:
            database.execute("DELETE FROM answer")

    def retire(self, kind: RecordKind) -> str | None:
        """A row that is archived, and that Codat has read."""
        if kind not in RECORD_TYPES:
            return None
        row = {"id": "OLD01", "name": "Old one", "supplierName": "Old one", "nominalCode": "9901", "code": "OLD01"}
        extra = {"type": "Expense", "isBankAccount": False} if kind is RecordKind.ACCOUNT else {}
        if kind is RecordKind.DIMENSION:
            parents = [one for one in self.every("trackingCategories") if one["hasChildren"]]
            extra = {"hasChildren": False, "parentId": parents[0]["id"]}
        self.codat.write(self.linked, RECORD_TYPES[kind], {**row, **extra, "status": "Archived"})
        self.codat.refresh(self.linked)
        return "OLD01"

    def stored(self, kind: Kind, external_id: str, name: str) -> bytes:
        with self.codat.state.transaction() as database:
            memory = Memory(database)
            every = memory.every("attachment", f"{self.linked.connection}/{external_id}")
            (found,) = (one for one in every if one["name"] == name)
            return memory.file(found["id"])
