"""AccountsIQ over REST passes the cases of every system that speaks HTTP, with a script in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from integrations.accountsiq.connector import AccountsIQ
from integrations.accountsiq.rest.transport import Rest
from integrations.base import Link
from integrations.documents import Document, Kind
from integrations.errors import Misconfigured, Missing, OutcomeUnknown, Rejected, Unauthorised
from integrations.http import Outbound
from integrations.reference import RecordKind
from tests.contract import HttpCases, Refusal, Step
from tests.integrations.accountsiq.rest_script import (
    ACCOUNTS,
    CONTACTS,
    CREDIT_NOTE,
    IN_DOLLARS,
    INVOICE,
    SECRET,
    account,
    booked,
    contact,
    department,
    link,
    looked_up,
    paged,
)
from tests.samples import KEY


class OverRest(AccountsIQ):
    """What comes whole over REST: tax codes stand in the settings, and so does the company's own currency."""

    can = replace(Rest.can, reads=Rest.can.reads - {RecordKind.TAX, RecordKind.CURRENCY})

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self.can = OverRest.can  # type: ignore[misc]


class TestHttp(HttpCases):
    """The shared cases."""

    connector = OverRest
    secrets = (SECRET,)

    def connect(self, url: str, outbound: Outbound) -> OverRest:
        return OverRest(link(url, outbound=outbound))

    def greeting(self) -> Sequence[Step]:
        company = {"ClientAccountEnquiryId": 1042, "ClientAccountName": "Northgate Training Ltd"}
        path = "/AccountCentre/GetClientAccountEnquiry?ClientAccountEnquiryId=1042"
        return [Step(method="GET", path=path, answer=company)]

    def posting(self, document: Document) -> Sequence[Step]:
        is_credit = document.kind is Kind.CREDIT_NOTE
        centre, what = ("CreditNoteCentre", "CreditNote") if is_credit else ("InvoiceCentre", "Invoice")
        save, get = f"/{centre}/Save{what}", f"/{centre}/Get{what}?{what}Id=17"
        body = CREDIT_NOTE if is_credit else IN_DOLLARS if document.currency == "USD" else INVOICE
        saved = {f"{what}Id": 17, "DocumentId": 90117, "TransactionNumber": "PI004512", "IsPosted": True}
        return [
            *looked_up(what, (0,)),
            Step(method="GET", path="/ClientCentre/GetClientContacts?ClientAccountId=1042", answer=CONTACTS),
            Step(method="GET", path="/GeneralLedgerCentre/GetNominalAccounts?ClientAccountId=1042", answer=ACCOUNTS),
            Step(method="POST", path=save, body={what: body}, answer=saved, writes=True),
            Step(method="GET", path=get, answer=booked(document, "17", what)),
        ]

    def finding(self, pages: Sequence[int]) -> Sequence[Step]:
        return looked_up("Invoice", pages)

    def reading(self, kind: RecordKind, pages: Sequence[int]) -> Sequence[Step]:
        if kind is RecordKind.SUPPLIER:
            return paged("/ClientCentre/GetClientContacts?ClientAccountId=1042", pages, contact)
        if kind is RecordKind.ACCOUNT:
            return paged("/GeneralLedgerCentre/GetNominalAccounts?ClientAccountId=1042", pages, account)
        cost_types = Step(method="GET", path="/CostTypes/GetClientCostTypes?ClientAccountId=1042", answer=[])
        return [*paged("/Departments/GetDepartments", pages, department), cost_types]

    def without_id(self) -> object:
        return {"InvoiceNumber": KEY.value, "DocumentId": 90117, "TransactionNumber": "PI004512", "IsPosted": True}

    def failure(self, message: str) -> object:
        error = {"Code": "NominalAccountNotFound", "Field": "InvoiceLine_List[0].NominalAccountId", "Message": message}
        return {"InvoiceId": 17, "Errors": [error]}

    def refusals(self) -> Sequence[Refusal]:
        ends = (
            "MISSING", "IS_NULL", "IS_EMPTY", "IS_REQUIRED", "IS_TOO_LONG", "TOO_HIGH", "MUST_BE_UPPER_CASE",
            "IS_NOT_UPPERCASE", "IS_INVALID", "IS_INACTIVE", "NOT_POSTING", "IS_NEGATIVE", "DISAGREE", "IS_CLOSED",
        )  # fmt: skip
        whole = (
            "DATE_IS_OUT_OF_RANGE", "READ_ONLY", "TRANSACTION_DOES_NOT_BALANCE",
            "EXPECTED_POSTING_VALUES_DO_NOT_MATCH_ACTUAL_CALCULATED_VALUES", "GLACCOUNT_NO_DEPARTMENT_IS_DEPARTMENTAL",
            "GLACCOUNT_IS_NOT_POSTING_OR_DOES_NOT_EXIST", "BATCH_INVOICE_LINE_MISSING_GL_ACCOUNT",
            "BATCH_INVOICE_LINE_MISSING_DESCRIPTION", "BATCH_INVOICE_WITH_NO_INVOICE_LINES", "INVOICE_IS_NOT_APPROVED",
        )  # fmt: skip
        known = [told(code) for code in (*(f"TAX_CODE_{end}" for end in ends), *whole)]
        taken = [told(code, then=looked_up("Invoice", (0,))) for code in ("NUMBER_ALREADY_EXISTS", "CODE_IN_USE")]
        unknown = [told(code, error=Missing) for code in ("TAX_CODE_DOES_NOT_EXIST", "ContactNotFound")]
        in_band = {"Status": "Failure", "ErrorCode": "TAX_CODE_IS_NULL", "ErrorMessage": "No, said 7504."}
        open_ones = (
            {"Status": "InProgress", "InvoiceId": 17},
            {"Status": "Unknown", "InvoiceId": 17, "ErrorCode": "TAX_CODE_IS_NULL"},
            {"Status": "Failure", "InvoiceId": 17},
            {"InvoiceId": 17, "Errors": ["No, said 7504."]},
            {"InvoiceId": 17, "ErrorCode": "OUTDATED_RECORD"},
        )
        return [
            *known,
            *taken,
            *unknown,
            Refusal(status=200, body=in_band, says="No, said 7504."),
            told("OAUTH_INTEGRATION_APPS_APPLICATION_IS_REVOKED", error=Unauthorised),
            told("OAUTH_INTEGRATION_APPS_CLIENTID_IS_NULL_OR_EMPTY", error=Misconfigured),
            *(Refusal(status=200, body=body, error=OutcomeUnknown, hides="7504") for body in open_ones),
            told("UNKNOWN", error=OutcomeUnknown, status=400),
        ]


def told(code: str, *, error: type[Any] = Rejected, status: int = 400, then: Sequence[Step] = ()) -> Refusal:
    """A refusal with a code, and what it means."""
    body = {"Errors": [{"Code": code, "Field": "InvoiceLine_List[1]", "Message": "No, said 7504."}]}
    says = "" if error is OutcomeUnknown else "No, said 7504."
    return Refusal(status=status, body=body, error=error, says=says, then=then)
