"""The REST door: the 48 rows of the list that we were given, and how requests are let in and answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from integrations.accountsiq.standin import rest_reference as reference
from integrations.accountsiq.standin.memory import Records
from integrations.accountsiq.standin.options import Options
from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.accountsiq.standin.rest_asked import Asked
from integrations.accountsiq.standin.rest_bulk import save_bulk
from integrations.accountsiq.standin.rest_objects import (
    Answer,
    deletes,
    gets,
    gets_by_number,
    lists,
    saves,
    saves_bank_transaction,
)
from integrations.accountsiq.standin.rest_papers import (
    CREDIT_NOTE,
    INVOICE,
    gets_paper,
    gets_paper_by_number,
    saves_paper,
)
from integrations.accountsiq.standin.tokens import REST, Tokens
from integrations.disturbances import MOVE_DATE
from integrations.exact import from_json, to_json
from integrations.sandbox import Store

PREFIX: Final = "/api"
# Method, path, the parameter that may stand in the path, and what answers. Four rows stand twice in the list.
ROWS: Final[tuple[tuple[str, str, str, Answer], ...]] = (
    ("POST", "/AccountCentre/SaveClientAccountEnquiry", "", saves("company")),
    ("GET", "/AccountCentre/GetClientAccountEnquiry", "ClientAccountEnquiryId", gets("company")),
    ("GET", "/BankAccounts/GetClientBankAccounts", "ClientAccountId", lists("bank")),
    ("POST", "/BankAccounts/SaveClientBankAccount", "", saves("bank")),
    ("POST", "/BankTransactions/SaveClientBankTransaction", "", saves_bank_transaction),
    ("POST", "/BulkData/SaveBulkData", "", save_bulk),
    ("GET", "/ClientCentre/GetClientContacts", "ClientAccountId", reference.contacts),
    ("POST", "/ClientCentre/SaveClientContact", "", reference.save_client_contact),
    ("POST", "/Contacts/SaveContact", "", reference.save_contact),
    ("GET", "/Contacts/GetContact", "ContactId", reference.contact),
    ("DELETE", "/Contacts/DeleteContact", "ContactId", reference.delete_contact),
    ("POST", "/CostTypes/SaveClientCostType", "", saves("cost_type")),
    ("GET", "/CostTypes/GetClientCostTypes", "ClientAccountId", lists("cost_type")),
    ("DELETE", "/CostTypes/DeleteClientCostType", "ClientCostTypeId", deletes("cost_type")),
    ("POST", "/CreditNoteCentre/SaveCreditNote", "", saves_paper(CREDIT_NOTE)),
    ("GET", "/CreditNoteCentre/GetCreditNote", "CreditNoteId", gets_paper(CREDIT_NOTE)),
    ("GET", "/CreditNoteCentre/GetCreditNoteByNumber", "CreditNoteNumber", gets_paper_by_number(CREDIT_NOTE)),
    ("GET", "/CurrencyRates/GetCurrencyRates", "CurrencyCode", reference.currency_rates),
    ("POST", "/CurrencyRates/SaveCurrencyRate", "", reference.save_currency_rate),
    ("POST", "/Departments/SaveDepartment", "", reference.save_department),
    ("GET", "/Departments/GetDepartments", "LocationId", reference.departments),
    ("POST", "/ExpenseCentre/SaveExpense", "", saves("expense")),
    ("GET", "/ExpenseCentre/GetExpense", "ExpenseId", gets("expense")),
    ("GET", "/ExpenseCentre/GetExpenseByNumber", "ExpenseNumber", gets_by_number("expense")),
    ("DELETE", "/ExpenseCentre/DeleteExpense", "ExpenseId", deletes("expense")),
    ("POST", "/ExpenseClaims/SaveExpenseClaim", "", saves("expense_claim")),
    ("GET", "/ExpenseClaims/GetExpenseClaim", "ExpenseClaimId", gets("expense_claim")),
    ("GET", "/ExpenseClaims/GetExpenseClaimByNumber", "ExpenseClaimNumber", gets_by_number("expense_claim")),
    ("DELETE", "/ExpenseClaims/DeleteExpenseClaim", "ExpenseClaimId", deletes("expense_claim")),
    ("POST", "/ExpenseTypes/SaveExpenseType", "", saves("expense_type")),
    ("GET", "/ExpenseTypes/GetExpenseTypes", "ClientAccountId", lists("expense_type")),
    ("DELETE", "/ExpenseTypes/DeleteExpenseType", "ExpenseTypeId", deletes("expense_type")),
    ("GET", "/GeneralLedgerCentre/GetNominalAccountBalance", "NominalAccountId", reference.nominal_balance),
    ("GET", "/GeneralLedgerCentre/GetNominalAccounts", "ClientAccountId", reference.nominal_accounts),
    ("POST", "/Inventory/SaveInventoryItem", "", saves("inventory")),
    ("GET", "/Inventory/GetInventoryItems", "ClientAccountId", lists("inventory")),
    ("DELETE", "/Inventory/DeleteInventoryItem", "InventoryItemId", deletes("inventory")),
    ("POST", "/InvoiceCentre/SaveInvoice", "", saves_paper(INVOICE)),
    ("GET", "/InvoiceCentre/GetInvoice", "InvoiceId", gets_paper(INVOICE)),
    ("GET", "/InvoiceCentre/GetInvoiceByNumber", "InvoiceNumber", gets_paper_by_number(INVOICE)),
    ("POST", "/ItemCategories/SaveItemCategory", "", saves("item_category")),
    ("GET", "/ItemCategories/GetItemCategories", "ClientAccountId", lists("item_category")),
    ("DELETE", "/ItemCategories/DeleteItemCategory", "ItemCategoryId", deletes("item_category")),
    ("POST", "/ItemCentre/SaveItem", "", saves("item")),
)
_ANSWERS: Final = {path: (first, answer) for _, path, first, answer in ROWS}
_ROUTES: Final = Map(
    [Rule(f"{PREFIX}{path}", endpoint=path, methods=[method]) for method, path, _, _ in ROWS]
    + [
        Rule(f"{PREFIX}{path}/<path:value>", endpoint=path, methods=[method])
        for method, path, first, _ in ROWS
        if first
    ],
    merge_slashes=False,
)
# What a missing thing is answered with, by option.
_MISSING: Final[Mapping[str, tuple[int, object]]] = {"null": (200, None), "empty": (200, [])}


class RestDoor:
    """Finds the right answer to a request below `/api`."""

    def __init__(self, state: Store, options: Options, tokens: Tokens) -> None:
        self._state = state
        self._options = options
        self._tokens = tokens

    def answer(self, request: Request) -> Response:
        """One request, one answer: JSON whatever happens."""
        try:
            path, values = _ROUTES.bind_to_environ(request.environ).match()
            self._check_access(request)
            first, answer = _ANSWERS[path]
            params = {**request.args, **({first: values["value"]} if values else {})}
            with self._state.transaction() as database:
                asked = Asked(
                    records=Records(database),
                    options=self._options,
                    params=params,
                    body=_body(request),
                    moves_date=MOVE_DATE in request.environ,
                )
                return self._answered(request, answer(asked))
        except Refusal as refusal:
            return self._refused(request, refusal)
        except HTTPException as error:
            return refused(error.code or 500, "NotFound", "", "There is nothing at this address.")

    def _check_access(self, request: Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._tokens.is_good(REST, token.strip()):
            raise Refusal(Why.MEMBER_WRONG, "The access token is missing, unknown or has run out.", status=401)
        if request.method != "GET" and self._options.on("read_only"):
            raise Refusal(Why.READ_ONLY, "This application may only read.", status=403)

    def _answered(self, request: Request, told: object) -> Response:
        if told is None:
            return self._missing("There is no document with this number.", "")
        if request.method == "GET" and isinstance(told, list):
            told = self._listed(request, told)
        return _json(200, told)

    def _listed(self, request: Request, rows: list[Any]) -> object:
        """A list as the options want it wrapped and cut into pages."""
        size, name = self._options.number("rest_page_size"), self._options.word("rest_lists")
        if not size:
            return rows if name == "bare" else {name: rows}
        page = max(request.args.get("Page", 1, type=int), 1)
        told: dict[str, Any] = {"Items" if name == "bare" else name: rows[(page - 1) * size : page * size]}
        if page * size < len(rows):
            args = "&".join(f"{key}={value}" for key, value in {**request.args, "Page": str(page + 1)}.items())
            told["NextPage"] = f"{request.base_url}?{args}"
        return told

    def _refused(self, request: Request, refusal: Refusal) -> Response:
        if refusal.status == 401:
            response = refused(401, "Unauthorised", "", refusal.message)
            response.headers["WWW-Authenticate"] = 'Bearer realm="AccountsIQ", error="invalid_token"'
            return response
        if refusal.status == 404 and request.method == "GET" and refusal.why is not Why.COMPANY_UNKNOWN:
            return self._missing(refusal.message, refusal.field)
        return refused(refusal.status, refusal.why.rest_code, refusal.field, refusal.message)

    def _missing(self, message: str, field: str) -> Response:
        missing = _MISSING.get(self._options.word("rest_missing"))
        return _json(*missing) if missing else refused(404, "NotFound", field, message)


def refused(status: int, code: str, field: str, message: str) -> Response:
    """A refusal as the interface tells it."""
    return _json(status, {"Errors": [{"Code": code, "Field": field, "Message": message}]})


def _body(request: Request) -> Mapping[str, Any]:
    if request.method != "POST":
        return {}
    try:
        body = from_json(request.get_data().decode())
    except ValueError:
        raise Refusal(Why.MEMBER_WRONG, "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Refusal(Why.MEMBER_WRONG, "The body is not a JSON object.")
    return body


def _json(status: int, value: object) -> Response:
    return Response(to_json(value), status=status, mimetype="application/json")
