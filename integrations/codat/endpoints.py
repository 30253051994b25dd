"""The calls of Codat's interface that are known, one table; support work carries out any of them by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from integrations.codat.client import Client
from integrations.errors import Misconfigured, Missing
from integrations.exact import to_json
from integrations.redaction import HIDDEN

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")
# Members of answers that let somebody in; whoever needs one looks into Codat's portal.
_SECRET: Final = frozenset({"apikey", "accesstoken", "secret", "token"})
_IN_BOOKS: Final = ("/push/", "/payables/")
_QUERIES: Final[Mapping[str, tuple[str, ...]]] = {
    "list": ("page", "pageSize", "query", "orderBy"),
    "push": ("timeoutInMinutes", "forceUpdate"),
    "rest": ("continuationToken", "query"),
    "part": ("continuationToken", "statusQuery"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `template` is a path below the address, `query` what may stand in the query, `about` what it does.

    A body is needed where `takes` is `body`, and refused where it is empty.
    """

    method: str
    template: str
    about: str
    query: tuple[str, ...] = ()
    takes: str = ""

    @property
    def writes(self) -> bool:
        """Whether it may change the books; all else only changes what Codat has."""
        return self.method != "GET" and any(part in self.template for part in _IN_BOOKS)

    @property
    def names(self) -> tuple[str, ...]:
        """The values that its path needs, in order."""
        return tuple(_PLACEHOLDER.findall(self.template))


def call(client: Client, name: str, values: Mapping[str, str], body: object = None) -> str:
    """Carry out a call of the table and give its answer as JSON text, without secrets; empty where there is none.

    The connection's own company and connection stand in where `values` name no other. Raises `Missing` for a name that
    is not in the table, `Misconfigured` for a value or a body that is missing or not known, and as `Client.send`.
    """
    one = CALLS.get(name)
    if one is None:
        raise Missing(f"Codat has no call {name[:80]}. The README of Codat lists them.")
    path, params = _path(client, name, one, values), _params(name, one, values)
    if bool(one.takes) != (body is not None):
        needed = "needs a body in JSON" if one.takes else "takes no body"
        raise Misconfigured(f"The call {name} {needed}.", field="body")
    if one.method == "GET":
        answer = client.get(path, **params)
    else:
        answer = client.send(one.method, path, body, params=params, reads=not one.writes)
    return "" if answer is None else to_json(_shown(answer))


def _path(client: Client, name: str, one: Call, values: Mapping[str, str]) -> str:
    known = {"companyId": client.company, "connectionId": client.connection, **values}
    for each in one.names:
        if not known.get(each):
            raise Misconfigured(f"The call {name} needs a value for {each}.", field=each)
        if known[each].strip(".") == "":
            # Such a segment would be taken out of the path together with the one before it.
            raise Misconfigured(f"The value for {each} is no id.", field=each)
    return _PLACEHOLDER.sub(lambda found: quote(known[found[1]], safe=""), one.template)


def _params(name: str, one: Call, values: Mapping[str, str]) -> dict[str, str]:
    allowed = (*one.names, *one.query)
    for each in values:
        if each not in allowed:
            known = f"it knows {', '.join(allowed)}" if allowed else "it takes no values"
            raise Misconfigured(f"The call {name} does not know {each[:80]}: {known}.", field=each)
    wanted = {"page": "1", "pageSize": "100"} if "page" in one.query else {}
    return wanted | {each: value for each, value in values.items() if each in one.query}


def _shown(answer: Any) -> Any:
    if isinstance(answer, Mapping):
        return {name: HIDDEN if name.lower() in _SECRET and value else _shown(value) for name, value in answer.items()}
    return [_shown(one) for one in answer] if isinstance(answer, list) else answer


def _table(text: str) -> Iterator[tuple[str, Call]]:
    """Each line is `name METHOD path [?query] [+body] : about`; a word of `_QUERIES` stands for several."""
    for line in filter(None, map(str.strip, text.splitlines())):
        head, _, about = line.partition(" : ")
        name, method, template, *more = head.split()
        query = next((tuple(word[1:].split(",")) for word in more if word.startswith("?")), ())
        full = tuple(each for word in query for each in _QUERIES.get(word, (word,)))
        yield name, Call(method, template, about.strip(), full, "body" if "+body" in more else "")


_C: Final = "companies/{companyId}"
_K: Final = f"{_C}/connections/{{connectionId}}"

CALLS: Final[Mapping[str, Call]] = dict(
    _table(f"""
    companies                GET    companies ?list,tags : List the companies
    create_company           POST   companies +body : Make a company
    company                  GET    {_C} : Show a company
    replace_company          PUT    {_C} +body : Replace name, description and tags of a company
    update_company           PATCH  {_C} +body : Change name, description or tags of a company
    delete_company           DELETE {_C} : Delete a company with all that was read of it

    connections              GET    {_C}/connections ?list : List a company's connections
    create_connection        POST   {_C}/connections +body : Make a connection to a platform
    connection               GET    {_K} : Show a connection, with a fresh link
    change_connection        PATCH  {_K} +body : Unlink a connection
    authorise_connection     PUT    {_K}/authorization +body : Replace the platform's own credentials
    delete_connection        DELETE {_K} : Delete a connection

    integrations             GET    integrations ?list : List the platforms
    integration              GET    integrations/{{platformKey}} : Show a platform and what can be done with it
    branding                 GET    integrations/{{platformKey}}/branding : Show a platform's logos and buttons

    profile                  GET    profile : Show the account: name, logo, redirect URL
    replace_profile          PUT    profile +body : Replace the account's name, logo and redirect URL
    api_keys                 GET    apiKeys : List the API keys by name
    create_api_key           POST   apiKeys +body : Make an API key; Codat's portal shows it
    delete_api_key           DELETE apiKeys/{{apiKeyId}} : Delete an API key

    company_info             GET    {_C}/data/info : Show the company information that was read last
    data_status              GET    {_C}/dataStatus : Show what was read of each type of data
    data_history             GET    {_C}/data/history ?list : List the readings
    reading                  GET    {_C}/data/history/{{datasetId}} : Show one reading
    reading_validation       GET    {_C}/sync/{{datasetId}}/validation : Show what a reading found wrong
    queue                    POST   {_C}/data/queue/{{dataType}} ?connectionId : Read one type of data
    queue_all                POST   {_C}/data/all : Read all types of data that are fetched on the first link
    refresh_product          POST   {_C}/products/{{productIdentifier}}/refresh +body : Read the data of a product
    add_product              PUT    {_C}/products/{{productIdentifier}} : Give a company a product
    remove_product           DELETE {_C}/products/{{productIdentifier}} : Take a product from a company

    sync_settings            GET    {_C}/syncSettings : Show how often a company's data are read
    set_sync_settings        POST   {_C}/syncSettings +body : Set how often a company's data are read
    account_sync_settings    GET    profile/syncSettings : Show how often data are read by default
    set_account_sync_settings POST  profile/syncSettings +body : Set how often data are read by default

    options                  GET    {_K}/options/{{dataType}} : Show what may be sent of a type of data
    push_operations          GET    {_C}/push ?list : List what was sent
    push_operation           GET    {_C}/push/{{pushOperationKey}} : Show what became of something sent

    accounts                 GET    {_C}/data/accounts ?list : List the accounts
    account                  GET    {_C}/data/accounts/{{accountId}} : Show an account
    suppliers                GET    {_C}/data/suppliers ?list : List the suppliers
    supplier                 GET    {_C}/data/suppliers/{{supplierId}} : Show a supplier
    tax_rates                GET    {_C}/data/taxRates ?list : List the tax rates
    tax_rate                 GET    {_C}/data/taxRates/{{taxRateId}} : Show a tax rate
    tracking_categories      GET    {_C}/data/trackingCategories ?list : List the tracking categories
    tracking_category        GET    {_C}/data/trackingCategories/{{trackingCategoryId}} : Show one with those below it
    payment_methods          GET    {_C}/data/paymentMethods ?list : List the payment methods
    payment_method           GET    {_C}/data/paymentMethods/{{paymentMethodId}} : Show a payment method

    bills                    GET    {_C}/data/bills ?list : List the bills
    bill                     GET    {_C}/data/bills/{{billId}} : Show a bill
    bill_credit_notes        GET    {_C}/data/billCreditNotes ?list : List the supplier credit notes
    bill_credit_note         GET    {_C}/data/billCreditNotes/{{billCreditNoteId}} : Show a supplier credit note
    bill_payments            GET    {_C}/data/billPayments ?list : List the payments of bills
    bill_payment             GET    {_C}/data/billPayments/{{billPaymentId}} : Show a payment of bills
    purchase_orders          GET    {_C}/data/purchaseOrders ?list : List the purchase orders
    purchase_order           GET    {_C}/data/purchaseOrders/{{purchaseOrderId}} : Show a purchase order
    journals                 GET    {_C}/data/journals ?list : List the journals
    journal                  GET    {_C}/data/journals/{{journalId}} : Show a journal
    journal_entries          GET    {_C}/data/journalEntries ?list : List the journal entries
    journal_entry            GET    {_C}/data/journalEntries/{{journalEntryId}} : Show a journal entry

    create_bill              POST   {_K}/push/bills ?timeoutInMinutes +body : Send a bill
    update_bill              PUT    {_K}/push/bills/{{billId}} ?push +body : Change a bill
    delete_bill              DELETE {_K}/push/bills/{{billId}} : Delete or void a bill
    create_bill_credit_note  POST   {_K}/push/billCreditNotes ?timeoutInMinutes +body : Send a supplier credit note
    update_bill_credit_note  PUT    {_K}/push/billCreditNotes/{{billCreditNoteId}} ?push +body : Change a credit note
    create_bill_payment      POST   {_K}/push/billPayments ?timeoutInMinutes +body : Send a payment of bills
    delete_bill_payment      DELETE {_K}/push/billPayments/{{billPaymentId}} : Delete a payment of bills
    create_purchase_order    POST   {_K}/push/purchaseOrders ?timeoutInMinutes +body : Send a purchase order
    update_purchase_order    PUT    {_K}/push/purchaseOrders/{{purchaseOrderId}} ?push +body : Change a purchase order
    create_journal           POST   {_K}/push/journals ?timeoutInMinutes +body : Send a journal
    create_journal_entry     POST   {_K}/push/journalEntries ?timeoutInMinutes +body : Send a journal entry
    delete_journal_entry     DELETE {_K}/push/journalEntries/{{journalEntryId}} : Delete a journal entry
    create_supplier          POST   {_K}/push/suppliers ?timeoutInMinutes +body : Send a supplier
    update_supplier          PUT    {_K}/push/suppliers/{{supplierId}} ?push +body : Change a supplier
    create_account           POST   {_K}/push/accounts ?timeoutInMinutes +body : Send an account
    create_bank_account      POST   {_K}/push/bankAccounts ?timeoutInMinutes +body : Send a bank account

    bill_attachments         GET    {_K}/data/bills/{{billId}}/attachments : List a bill's files
    bill_attachment          GET    {_K}/data/bills/{{billId}}/attachments/{{attachmentId}} : Show a file's name
    delete_bill_attachment   DELETE {_K}/push/bills/{{billId}}/attachments/{{attachmentId}} : Delete a file of a bill

    payables_info            GET    {_K}/payables/info : Show name and currency, asked for right now
    payables_mapping         GET    {_K}/payables/mappingOptions/bills ?part : List accounts and tax rates
    payables_payment_mapping GET    {_K}/payables/mappingOptions/payments ?part : List accounts to pay from
    payables_bills           GET    {_K}/payables/bills ?rest : List bills, asked for right now
    payables_create_bill     POST   {_K}/payables/bills +body : Write a bill at once
    payables_update_bill     PUT    {_K}/payables/bills/{{billId}} +body : Change a bill at once
    payables_attachments     GET    {_K}/payables/bills/{{billId}}/attachments : List a bill's files
    payables_pay_bill        POST   {_K}/payables/bills/{{billId}}/payment +body : Write the payment of a bill at once
    payables_suppliers       GET    {_K}/payables/suppliers ?rest : List suppliers, asked for right now
    payables_create_supplier POST   {_K}/payables/suppliers +body : Write a supplier at once
    payables_update_supplier PUT    {_K}/payables/suppliers/{{supplierId}} +body : Change a supplier at once
    payables_create_bank_account POST {_K}/payables/bankAccounts +body : Write a bank account at once

    webhooks                 GET    webhooks : List the webhooks
    create_webhook           POST   webhooks +body : Make a webhook; Codat's portal shows its signing secret
    delete_webhook           DELETE webhooks/{{webhookId}} : Delete a webhook
    """)
)
"""By name. Uploads and downloads of files are no JSON; the connector does them by itself."""
