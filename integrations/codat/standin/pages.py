"""What people see of the stand-in: companies, their books on the far side, what Codat knows of them, its webhooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from integrations.codat.standin.booking import known_number
from integrations.codat.standin.memory import Memory
from integrations.codat.standin.records import Records

_DOCUMENTS: Final = ("bills", "billCreditNotes", "purchaseOrders", "invoices", "creditNotes", "payments")
_LATEST: Final = 100
_SWITCHES: Final[Mapping[str, str]] = {
    "Linked": "Linked", "Unlinked": "Unlinked", "Deauthorized": "Deauthorized by the accounting system",
}  # fmt: skip


def overview(memory: Memory, secret: str, root: str) -> Markup:
    """Everything on one page."""
    companies = [_company(memory, one, root) for one in memory.every("company")]
    return Markup("").join(
        [
            Markup("<p>What stands behind the interface, newest first. The clock says {}.</p>").format(
                memory.now().strftime("%d %b %Y, %H:%M:%S UTC")
            ),
            form(f"{root}/control/clock", {"advance_seconds": "5400"}, "Ninety minutes later"),
            *(companies or [Markup("<p>There is no company yet.</p>")]),
            _webhooks(memory, secret),
        ]
    )


def _company(memory: Memory, company: Mapping[str, Any], root: str) -> Markup:
    every = memory.every("connection", company["id"])
    told = Markup("").join(_connection(memory, one, root) for one in every)
    return section(f"{company['name']} ({company['id']})", told or Markup("<p>Nothing is linked.</p>"))


def _connection(memory: Memory, connection: Mapping[str, Any], root: str) -> Markup:
    hidden = connection["hidden"]
    words = f"{connection['platformName']}: {connection['status']}. {hidden['entity']}"
    address = f"{root}/control/connections/{connection['id']}"
    buttons = [
        form(address, {"status": name}, label) for name, label in _SWITCHES.items() if name != connection["status"]
    ]
    online = "no" if hidden["is_online"] else "yes"
    buttons.append(form(address, {"is_online": online}, "Take offline" if hidden["is_online"] else "Bring online"))
    books = Markup('<p><a href="{}/books/{}">Books</a></p>').format(root, connection["id"])
    return Markup("<h3>{}</h3>").format(words) + books + Markup("").join(buttons) + _writes(memory, connection)


def _writes(memory: Memory, connection: Mapping[str, Any]) -> Markup:
    mine = [
        one for one in memory.every("push", connection["companyId"]) if one["dataConnectionKey"] == connection["id"]
    ]
    rows = [
        [one["dataType"], one["requestedOnUtc"][:19], one["status"], one.get("errorMessage", ""), one["id"]]
        for one in reversed(mine[-_LATEST:])
    ]
    return table(("Write", "Asked for", "Status", "Why", "Key"), rows) if rows else Markup("")


def books(memory: Memory, connection: Mapping[str, Any]) -> Markup:
    """What is in the books of one connection, as the accounting system itself has it."""
    records = Records(memory, connection["id"])
    parts = []
    for data_type in _DOCUMENTS:
        every = list(records.every(data_type))[-_LATEST:]
        rows = [_document(one, data_type) for one in reversed(every)]
        if rows:
            parts.append(section(data_type, table(("Id", "Number", "Date", "With", "Note", "Total", "Status"), rows)))
    for data_type in ("suppliers", "customers", "chartOfAccounts", "taxRates", "trackingCategories"):
        rows = [[one["id"], _name(one), one.get("status", "")] for one in records.every(data_type)]
        parts.append(section(data_type, table(("Id", "Name", "Status"), rows)))
    return Markup("").join(parts)


def _document(row: Mapping[str, Any], data_type: str) -> list[Any]:
    party = row.get("supplierRef") or row.get("customerRef") or {}
    name = party.get("supplierName") or party.get("companyName") or party.get("id", "")
    total = Markup('<div class="amount">{:,.2f} {}</div>').format(Decimal(row["totalAmount"]), row["currency"])
    return [
        row["id"], known_number(data_type, row), row.get("issueDate", row.get("date", ""))[:10], name,
        row.get("note") or "", total, row.get("status", ""),
    ]  # fmt: skip


def _name(row: Mapping[str, Any]) -> str:
    code = row.get("nominalCode") or row.get("code") or ""
    return f"{code} {row.get('supplierName') or row.get('customerName') or row.get('name') or ''}".strip()


def _webhooks(memory: Memory, secret: str) -> Markup:
    told = Markup("<p>Signing secret: <code>{}</code></p>").format(secret)
    consumers = [[one["url"], ", ".join(one["eventTypes"])] for one in memory.every("consumer")]
    deliveries = [
        [one["event"], one["url"], one["state"], ", ".join(each["outcome"] for each in one["attempts"]), one["message"]]
        for one in reversed(memory.every("delivery")[-_LATEST:])
    ]
    shown = table(("Address", "Events"), consumers) if consumers else Markup("<p>Nobody listens.</p>")
    heads = ("Event", "To", "State", "Tries", "Message")
    return section("Webhooks", told + shown + (table(heads, deliveries) if deliveries else Markup("")))


def section(title: str, body: Markup) -> Markup:
    """A heading and what belongs to it."""
    return Markup("<h2>{}</h2>").format(title) + body


def form(address: str, fields: Mapping[str, str], button: str) -> Markup:
    """One button that sends these fields."""
    hidden = Markup("").join(
        Markup('<input type="hidden" name="{}" value="{}">').format(*one) for one in fields.items()
    )
    return Markup('<form method="post" action="{}">{} <button>{}</button></form>').format(address, hidden, button)


def table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> Markup:
    """A table that may be wider than the page."""
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in heads)
    cells = (Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row) for row in rows)
    body = Markup("").join(Markup("<tr>{}</tr>").format(row) for row in cells)
    whole = Markup("<div class=scroll><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>")
    return whole.format(head, body)
