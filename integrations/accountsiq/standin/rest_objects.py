"""Saved, told, listed and deleted at the REST door: the objects that no rule of the ledger touches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.accountsiq.standin.ledger import entry_of, settle
from integrations.accountsiq.standin.memory import Row
from integrations.accountsiq.standin.rest_asked import Asked, Body, amount, found, required, unwrapped

Told = dict[str, Any]
Answer = Callable[[Asked], object]


@dataclass(frozen=True, slots=True)
class Collection:
    """A kind of object: its name, its id, the member that names it, and the members without which it is refused."""

    kind: str
    object: str
    id: str
    name: str
    required: tuple[str, ...]


COLLECTIONS: Final[Mapping[str, Collection]] = {
    one.kind: one
    for one in (
        Collection("company", "ClientAccountEnquiry", "ClientAccountEnquiryId", "ClientAccountName",
                   ("ClientAccountName",)),
        Collection("bank", "ClientBankAccount", "ClientBankAccountId", "BankAccountName",
                   ("ClientAccountId", "BankAccountName")),
        Collection("bank_transaction", "ClientBankTransaction", "ClientBankTransactionId", "Reference",
                   ("ClientBankAccountRef", "TransactionDate", "Amount")),
        Collection("cost_type", "ClientCostType", "ClientCostTypeId", "CostType", ("ClientAccountId", "CostType")),
        Collection("expense", "Expense", "ExpenseId", "ExpenseNumber", ("ClientAccountId", "ExpenseDate", "Amount")),
        Collection("expense_claim", "ExpenseClaim", "ExpenseClaimId", "ExpenseClaimNumber",
                   ("ClaimDate", "TotalValue")),
        Collection("expense_type", "ExpenseType", "ExpenseTypeId", "ExpenseTypeName", ("ExpenseTypeName",)),
        Collection("inventory", "InventoryItem", "InventoryItemId", "InventoryItemName", ("InventoryItemName",)),
        Collection("item_category", "ItemCategory", "ItemCategoryId", "ItemCategoryName", ("ItemCategoryName",)),
        Collection("item", "Item", "ItemId", "ItemName", ("ClientAccountId", "ItemName")),
        Collection("bulk", "BulkData", "BulkDataId", "ListObjType", ()),
    )
}  # fmt: skip
# Objects whose number the system gives where the sender gives none.
_NUMBERED: Final = {"expense": "EX", "expense_claim": "EC"}
_SETTLES: Final = {"InvoiceId": "invoice", "SupplierInvoiceId": "invoice", "CreditNoteId": "credit_note"}


def saves(kind: str) -> Answer:
    """Keep an object, or change the one whose id it has."""
    collection = COLLECTIONS[kind]
    return lambda asked: saved(asked, collection, unwrapped(asked.body, collection.object))


def saved(asked: Asked, collection: Collection, given: Body) -> Told:
    """An object as it is kept. Raises `Refusal`."""
    required(given, *collection.required)
    if "ClientAccountId" in given:
        asked.check_company(given["ClientAccountId"])
    body = {name: value for name, value in given.items() if name != collection.id}
    is_active = given.get("Active") is not False
    if given.get(collection.id):
        row = found(asked.records, collection.kind, given[collection.id], collection.id)
        called = str(body.get(collection.name) or row.name)
        row = asked.records.change(row, {**row.body, **body}, name=called, active=is_active)
    else:
        if collection.kind in _NUMBERED and not body.get(collection.name):
            body[collection.name] = f"{_NUMBERED[collection.kind]}{asked.records.next(collection.name):06}"
        called = str(body.get(collection.name) or "")
        row = asked.records.add(collection.kind, body, name=called, active=is_active)
    return told(row, collection)


def saves_bank_transaction(asked: Asked) -> Told:
    """Keep it; once it is posted it pays the document that it names."""
    collection = COLLECTIONS["bank_transaction"]
    given = unwrapped(asked.body, collection.object)
    paid = amount(given, "Amount", default=None)
    answer = saved(asked, collection, given)
    for member, kind in _SETTLES.items():
        if given.get(member) and given.get("IsPosted"):
            paper = found(asked.records, kind, given[member], member)
            entry = entry_of(asked.records.database, paper.body.get("entry") or 0)
            if entry is not None:
                settle(asked.records.database, entry, abs(paid))
    return answer


def lists(kind: str) -> Answer:
    """All of a kind, of the company that is asked for."""
    collection = COLLECTIONS[kind]

    def answer(asked: Asked) -> object:
        asked.check_company()
        return [told(row, collection) for row in asked.records.every(kind)]

    return answer


def gets(kind: str) -> Answer:
    """One by its id."""
    collection = COLLECTIONS[kind]
    return lambda asked: told(asked.row(kind, collection.id), collection)


def gets_by_number(kind: str) -> Answer:
    """One by its number, or a list of them where several have it; None for none."""
    collection = COLLECTIONS[kind]

    def answer(asked: Asked) -> object:
        asked.check_company()
        rows = asked.records.named(kind, asked.param(collection.name))
        return one_or_many([told(row, collection) for row in rows])

    return answer


def deletes(kind: str) -> Answer:
    """Forget one."""
    collection = COLLECTIONS[kind]

    def answer(asked: Asked) -> object:
        row = asked.row(kind, collection.id)
        asked.records.remove(row)
        return {collection.id: row.id, "Deleted": True}

    return answer


def told(row: Row, collection: Collection) -> Told:
    """An object as the interface tells it."""
    told = {collection.id: row.id, **row.body}
    if collection.kind == "company":
        told["ClientAccountId"] = row.id
    if "Active" in row.body or not row.active:
        told["Active"] = row.active
    return told


def one_or_many(rows: list[Told]) -> object:
    """What an interface tells that expects one: that one, all of several, or None."""
    return rows[0] if len(rows) == 1 else rows or None
