"""The calls of the REST interface, as the list that we were given has them: 48 rows, 44 of them different."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from integrations.errors import Misconfigured

COMPANY: Final = "ClientAccountId"
"""The parameter that says whose books are meant; the connection knows it."""
_METHODS: Final = frozenset({"GET", "POST", "DELETE"})
_NAME: Final = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}")
_PATH: Final = re.compile(r"(/[A-Za-z0-9_.~-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One call. `takes` are the parameters of its query, `wrapper` is the object that its body is put into.

    `optional` are those of `takes` that may be left out. A POST without `wrapper` takes its fields as they are.
    """

    name: str
    method: str
    path: str
    takes: tuple[str, ...] = ()
    wrapper: str = ""
    optional: frozenset[str] = frozenset()

    @property
    def words(self) -> str:
        """For staff: `GET /InvoiceCentre/GetInvoice (InvoiceId)`."""
        named = [f"{one}, if wanted" if one in self.optional else one for one in self.takes]
        told = ", ".join(filter(None, (*named, self.wrapper)))
        return f"{self.method} {self.path}" + (f" ({told})" if told else "")

    @property
    def operation(self) -> str:
        """The last part of the path, by which an answer may be wrapped: `GetInvoice`."""
        return self.path.rpartition("/")[2]


def _get(name: str, path: str, *takes: str, optional: tuple[str, ...] = ()) -> Endpoint:
    return Endpoint(name=name, method="GET", path=path, takes=takes, optional=frozenset(optional))


def _post(name: str, path: str, wrapper: str = "") -> Endpoint:
    return Endpoint(name=name, method="POST", path=path, wrapper=wrapper)


def _delete(name: str, path: str, *takes: str) -> Endpoint:
    return Endpoint(name=name, method="DELETE", path=path, takes=takes)


_ENQUIRY: Final = _get("company.get", "/AccountCentre/GetClientAccountEnquiry", "ClientAccountEnquiryId")
_CONTACTS: Final = _get("client_contacts.list", "/ClientCentre/GetClientContacts", COMPANY)
_DEPARTMENTS: Final = _get(
    "departments.list", "/Departments/GetDepartments", "LocationId", optional=("LocationId",)
)  # fmt: skip
_ITEMS: Final = _get("inventory_items.list", "/Inventory/GetInventoryItems", COMPANY)

# Row by row, the four that stand there twice too.
ROWS: Final[tuple[Endpoint, ...]] = (
    _post("company.save", "/AccountCentre/SaveClientAccountEnquiry", "ClientAccountEnquiry"),
    _ENQUIRY,
    _ENQUIRY,
    _get("bank_accounts.list", "/BankAccounts/GetClientBankAccounts", COMPANY),
    _post("bank_account.save", "/BankAccounts/SaveClientBankAccount", "ClientBankAccount"),
    _post("bank_transaction.save", "/BankTransactions/SaveClientBankTransaction"),
    _post("bulk_data.save", "/BulkData/SaveBulkData"),
    _CONTACTS,
    _post("client_contact.save", "/ClientCentre/SaveClientContact", "ClientContact"),
    _CONTACTS,
    _post("contact.save", "/Contacts/SaveContact", "Contact"),
    _get("contact.get", "/Contacts/GetContact", "ContactId"),
    _delete("contact.delete", "/Contacts/DeleteContact", "ContactId"),
    _post("cost_type.save", "/CostTypes/SaveClientCostType", "ClientCostType"),
    _get("cost_types.list", "/CostTypes/GetClientCostTypes", COMPANY),
    _delete("cost_type.delete", "/CostTypes/DeleteClientCostType", "ClientCostTypeId"),
    _post("credit_note.save", "/CreditNoteCentre/SaveCreditNote", "CreditNote"),
    _get("credit_note.get", "/CreditNoteCentre/GetCreditNote", "CreditNoteId"),
    _get("credit_note.by_number", "/CreditNoteCentre/GetCreditNoteByNumber", "CreditNoteNumber", COMPANY),
    _get("currency_rates.list", "/CurrencyRates/GetCurrencyRates", "CurrencyCode"),
    _post("currency_rate.save", "/CurrencyRates/SaveCurrencyRate", "CurrencyRate"),
    _post("department.save", "/Departments/SaveDepartment", "Department"),
    _DEPARTMENTS,
    _DEPARTMENTS,
    _post("expense.save", "/ExpenseCentre/SaveExpense", "Expense"),
    _get("expense.get", "/ExpenseCentre/GetExpense", "ExpenseId"),
    _get("expense.by_number", "/ExpenseCentre/GetExpenseByNumber", "ExpenseNumber", COMPANY),
    _delete("expense.delete", "/ExpenseCentre/DeleteExpense", "ExpenseId"),
    _post("expense_claim.save", "/ExpenseClaims/SaveExpenseClaim", "ExpenseClaim"),
    _get("expense_claim.get", "/ExpenseClaims/GetExpenseClaim", "ExpenseClaimId"),
    _get("expense_claim.by_number", "/ExpenseClaims/GetExpenseClaimByNumber", "ExpenseClaimNumber", COMPANY),
    _delete("expense_claim.delete", "/ExpenseClaims/DeleteExpenseClaim", "ExpenseClaimId"),
    _post("expense_type.save", "/ExpenseTypes/SaveExpenseType", "ExpenseType"),
    _get("expense_types.list", "/ExpenseTypes/GetExpenseTypes", COMPANY),
    _delete("expense_type.delete", "/ExpenseTypes/DeleteExpenseType", "ExpenseTypeId"),
    _get(
        "nominal_account.balance", "/GeneralLedgerCentre/GetNominalAccountBalance",
        "NominalAccountId", COMPANY, "FromPeriod", "ToPeriod",
    ),
    _get("nominal_accounts.list", "/GeneralLedgerCentre/GetNominalAccounts", COMPANY),
    _post("inventory_item.save", "/Inventory/SaveInventoryItem", "InventoryItem"),
    _ITEMS,
    _ITEMS,
    _delete("inventory_item.delete", "/Inventory/DeleteInventoryItem", "InventoryItemId"),
    _post("invoice.save", "/InvoiceCentre/SaveInvoice", "Invoice"),
    _get("invoice.get", "/InvoiceCentre/GetInvoice", "InvoiceId"),
    _get("invoice.by_number", "/InvoiceCentre/GetInvoiceByNumber", "InvoiceNumber", COMPANY),
    _post("item_category.save", "/ItemCategories/SaveItemCategory", "ItemCategory"),
    _get("item_categories.list", "/ItemCategories/GetItemCategories", COMPANY),
    _delete("item_category.delete", "/ItemCategories/DeleteItemCategory", "ItemCategoryId"),
    _post("item.save", "/ItemCentre/SaveItem", "Item"),
)  # fmt: skip
TAX_CODES: Final = "tax_codes.list"
"""Not in the list that we were given: where a connection names it, tax codes are read there and not from its table."""
_EXTRA: Final[Mapping[str, Endpoint]] = {TAX_CODES: _get(TAX_CODES, "", COMPANY)}
_KNOWN: Final[Mapping[str, Endpoint]] = {one.name: one for one in ROWS}


def endpoints(overrides: str) -> dict[str, Endpoint]:
    """Every call by name. `overrides` has a line `name METHOD /path` for each that is elsewhere, or is there as well.

    Raises `Misconfigured` for a line that cannot be read.
    """
    found = dict(_KNOWN)
    for number, line in enumerate(overrides.splitlines(), start=1):
        if line.strip():
            one = _overridden(number, line.split())
            found[one.name] = one
    return found


def _overridden(number: int, words: list[str]) -> Endpoint:
    name, method, path = words if len(words) == 3 else ("", "", "")
    if not (_NAME.fullmatch(name) and method.upper() in _METHODS and _PATH.fullmatch(path)):
        message = (
            f"Line {number} of the endpoints cannot be read. Write it as invoice.save POST /InvoiceCentre/SaveInvoice."
        )
        raise Misconfigured(message, field="endpoints")
    known = _KNOWN.get(name) or _EXTRA.get(name) or Endpoint(name=name, method=method, path=path)
    return replace(known, method=method.upper(), path=path)
