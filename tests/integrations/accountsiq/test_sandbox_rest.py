"""The REST door of the stand-in: every row of the list, both styles of asking, reference data, and who is let in."""

from __future__ import annotations

from decimal import Decimal

import pytest
import requests

from integrations.accountsiq.standin.rest_door import ROWS
from tests.integrations.accountsiq.papers import (
    CROWN,
    INVOICE,
    METRO,
    NOTE,
    contacts,
    invoice,
    note,
    refusal,
    with_line,
)
from tests.integrations.accountsiq.seen_books import RestCaller, SeenBooks, Served


def test_the_company_is_told(rest: RestCaller) -> None:
    told = rest.get("/AccountCentre/GetClientAccountEnquiry", ClientAccountEnquiryId=1042)
    assert (told["ClientAccountEnquiryId"], told["ClientAccountName"]) == (1042, "Northgate Training Ltd")


def test_suppliers_are_contacts(rest: RestCaller) -> None:
    crown = next(one for one in contacts(rest) if one["InternalID"] == "CROWN01")
    assert crown == {
        "ContactId": CROWN, "ClientAccountId": 1042, "ContactType": "Supplier", "Title": "", "FirstName": "",
        "LastName": "Crown Conference Centre", "EmailAddress": "accounts@crown.example", "PhoneNumber": "",
        "Address": "12 Castle Street, York", "PostCode": "YO1 9RN", "Notes": "", "IsMainContact": False,
        "InternalID": "CROWN01", "CurrencyCode": "GBP", "Active": True,
    }  # fmt: skip


def test_a_supplier_is_made_changed_and_deleted(rest: RestCaller) -> None:
    given = {
        "ClientAccountId": 1042,
        "ContactType": "Supplier",
        "FirstName": "Ann",
        "LastName": "Lee",
        "InternalID": "LEE1",
    }
    made = rest.post("/ClientCentre/SaveClientContact", {"ClientContact": given})
    again = {"ClientContact": given}
    assert refusal(rest, "/ClientCentre/SaveClientContact", again) == (400, "CodeInUse", "InternalID")
    changed = {**given, "ContactId": made["ContactId"], "LastName": "Leigh"}
    rest.post("/ClientCentre/SaveClientContact", {"ClientContact": changed})
    assert rest.get("/Contacts/GetContact", ContactId=made["ContactId"])["LastName"] == "Leigh"
    rest.post(INVOICE, {"Invoice": invoice(ContactId=made["ContactId"])})
    status, told = rest.call("DELETE", "/Contacts/DeleteContact", ContactId=made["ContactId"])
    assert (status, told["Errors"][0]["Code"]) == (400, "AlreadyPosted")
    assert rest.call("DELETE", f"/Contacts/DeleteContact/{METRO}")[0] == 200
    assert METRO not in [one["ContactId"] for one in contacts(rest)]


def test_accounts_and_rates_are_told(rest: RestCaller) -> None:
    accounts = rest.get("/GeneralLedgerCentre/GetNominalAccounts", ClientAccountId=1042)
    telephone = {
        "NominalAccountId": 7502, "Code": "7502", "Name": "Telephone", "AccountType": "Expense", "Active": True,
    }  # fmt: skip
    assert telephone in accounts
    rates = rest.get("/CurrencyRates/GetCurrencyRates", CurrencyCode="USD")
    assert rates == [{"CurrencyCode": "USD", "Rate": Decimal("1.2010"), "Date": "2026-01-01"}]
    rest.post("/CurrencyRates/SaveCurrencyRate", {"CurrencyRate": {"CurrencyCode": "USD", "Rate": "1.25"}})
    assert rest.get("/CurrencyRates/GetCurrencyRates/USD")[0]["Rate"] == Decimal("1.25")
    assert rest.get("/CurrencyRates/GetCurrencyRates", CurrencyCode="XTS") == []


def test_a_balance_is_what_the_documents_came_to(rest: RestCaller) -> None:
    rest.post(INVOICE, {"Invoice": invoice()})
    rest.post(NOTE, {"CreditNote": note()})
    asked = {"NominalAccountId": 5010, "ClientAccountId": 1042}
    path = "/GeneralLedgerCentre/GetNominalAccountBalance"
    assert rest.get(path, **asked)["Balance"] == 90
    assert rest.get(path, **asked, FromPeriod="2026-11", ToPeriod="2026-12")["Balance"] == 0
    assert rest.get(path, **asked, FromPeriod="2026-10", ToPeriod="2026-10")["Balance"] == 90


@pytest.mark.parametrize("name", ["Items", "Data", "Result"])
def test_a_list_can_be_wrapped_and_cut_into_pages(sandbox: Served, rest: RestCaller, name: str) -> None:
    everything = contacts(rest)
    sandbox.options(rest_lists=name)
    path = "/ClientCentre/GetClientContacts"
    assert rest.get(path, ClientAccountId=1042) == {name: everything}
    sandbox.options(rest_page_size=2)
    url, found = f"{path}?ClientAccountId=1042", []
    while url:
        told = rest.get(url.removeprefix(sandbox.rest_url))
        found += told[name]
        url = told.get("NextPage", "")
    assert found == everything


# --- every row -----------------------------------------------------------------------------------------------------

SAVED = {
    "/AccountCentre/SaveClientAccountEnquiry": ("ClientAccountEnquiry", {"ClientAccountName": "Second Ltd"}),
    "/BankAccounts/SaveClientBankAccount": (
        "ClientBankAccount", {"ClientAccountId": 1042, "BankAccountName": "Savings"},
    ),
    "/BankTransactions/SaveClientBankTransaction": (
        "ClientBankTransaction", {"ClientBankAccountRef": 1, "TransactionDate": "2026-10-20", "Amount": 5},
    ),
    "/BulkData/SaveBulkData": (
        "BulkData", {"ClientAccountId": 1042, "ListObjType": "Invoice", "ListObj": [invoice(), invoice()]},
    ),
    "/ClientCentre/SaveClientContact": (
        "ClientContact", {"ClientAccountId": 1042, "ContactType": "Supplier", "LastName": "New"},
    ),
    "/Contacts/SaveContact": ("Contact", {"ContactType": "Customer", "LastName": "New"}),
    "/CostTypes/SaveClientCostType": ("ClientCostType", {"ClientAccountId": 1042, "CostType": "Travel"}),
    NOTE: ("CreditNote", note()),
    "/CurrencyRates/SaveCurrencyRate": ("CurrencyRate", {"CurrencyCode": "EUR", "Rate": "1.18", "Date": "2026-10-01"}),
    "/Departments/SaveDepartment": ("Department", {"DepartmentName": "Sales", "DepartmentCode": "SAL"}),
    "/ExpenseCentre/SaveExpense": ("Expense", {"ClientAccountId": 1042, "ExpenseDate": "2026-10-01", "Amount": 7}),
    "/ExpenseClaims/SaveExpenseClaim": ("ExpenseClaim", {"ClaimDate": "2026-10-01", "TotalValue": 7}),
    "/ExpenseTypes/SaveExpenseType": ("ExpenseType", {"ExpenseTypeName": "Mileage"}),
    "/Inventory/SaveInventoryItem": ("InventoryItem", {"InventoryItemName": "Manual"}),
    INVOICE: ("Invoice", invoice()),
    "/ItemCategories/SaveItemCategory": ("ItemCategory", {"ItemCategoryName": "Books"}),
    "/ItemCentre/SaveItem": ("Item", {"ClientAccountId": 1042, "ItemName": "Manual"}),
}  # fmt: skip
PARAMS = {
    "ClientAccountEnquiryId": 1042, "ContactId": METRO, "ClientCostTypeId": 3, "CreditNoteId": 7101,
    "CreditNoteNumber": "CN-7", "CurrencyCode": "EUR", "LocationId": 1, "ExpenseId": 1, "ExpenseNumber": "EX000001",
    "ExpenseClaimId": 1, "ExpenseClaimNumber": "EC000001", "ExpenseTypeId": 1, "NominalAccountId": 5010,
    "InventoryItemId": 1, "InvoiceId": 48211, "InvoiceNumber": "SI-48213", "ItemCategoryId": 1,
}  # fmt: skip


@pytest.mark.parametrize("style", ["query", "path"])
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_every_row_of_the_list_is_answered(rest: RestCaller, style: str, is_wrapped: bool) -> None:
    assert len(ROWS) == 44, "48 rows, four of which stand twice in the list"
    order = {"POST": 0, "GET": 1, "DELETE": 2}
    for method, path, first, _ in sorted(ROWS, key=lambda row: order[row[0]]):
        if method == "POST":
            name, given = SAVED[path]
            is_bare = path.endswith("SaveBulkData") or not is_wrapped
            status, told = rest.call(method, path, given if is_bare else {name: given})
        else:
            value, scope = PARAMS.get(first, 1042), {"ClientAccountId": 1042}
            in_path = style == "path"
            asked = f"{path}/{value}" if in_path else path
            status, told = rest.call(method, asked, **({} if in_path else {first: value}) | scope)
        assert status == 200, (path, told)
        assert told, path


def test_many_invoices_at_once_are_all_saved_or_none(rest: RestCaller, rest_books: SeenBooks) -> None:
    many = {
        "ClientAccountId": 1042,
        "ListObjType": "Invoice",
        "ListObj": [invoice(), with_line(1, TaxCategoryId="T77")],
    }
    expected = (400, "TaxCategoryNotFound", "ListObj[1].InvoiceLine_List[1].TaxCategoryId")
    assert refusal(rest, "/BulkData/SaveBulkData", many) == expected
    assert rest_books.count() == 0


# --- the door itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_without_a_good_token_nothing_is_told(sandbox: Served, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(f"{sandbox.rest_url}/Departments/GetDepartments", headers=headers, timeout=30)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="AccountsIQ", error="invalid_token"'


def test_an_application_that_may_only_read_saves_nothing(
    sandbox: Served, rest: RestCaller, rest_books: SeenBooks
) -> None:
    sandbox.options(read_only=True)
    assert refusal(rest, INVOICE, {"Invoice": invoice()}) == (403, "ReadOnly", "")
    assert contacts(rest)
    assert rest_books.count() == 0


def test_another_address_another_method_and_no_json_are_refused(sandbox: Served, rest: RestCaller) -> None:
    assert rest.call("GET", "/InvoiceCentre/Nothing")[0] == 404
    assert rest.call("GET", INVOICE)[0] == 405
    headers = {"Authorization": f"Bearer {rest.token}"}
    for body in ("{", "[]"):
        answer = requests.post(f"{sandbox.rest_url}{INVOICE}", data=body, headers=headers, timeout=30)
        assert (answer.status_code, answer.json()["Errors"][0]["Code"]) == (400, "Invalid")
