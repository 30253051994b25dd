"""What a refusal means: a closed table from the codes of the WSDL to errors, with the member of the document at fault.

The WSDL lists 2,404 codes, made as SUBJECT_FIELD_CONDITION. Those that are known by name come first; then a subject
and the way in which conditions of bad data end. What is in neither proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from integrations.accountsiq.soap.answers import Answer
from integrations.errors import IntegrationError, Misconfigured, OutcomeUnknown, Rejected, Unauthorised
from integrations.sentences import sentence

ACCOUNTS: Final = "lines.account_code"
TAXES: Final = "lines.tax_code"
DEPARTMENTS: Final = "dimensions"
SUPPLIER: Final = "supplier.code"
CUSTOMER: Final = "customer.code"


class Known(StrEnum):
    """What can become of a refusal; `UNCLEAR` is everything that is not in the table."""

    REFUSED = "refused"
    SETTING = "setting"
    REVOKED = "revoked"
    EXPIRED = "expired"
    THERE_ALREADY = "there already"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code stands for, and the member of the document or the setting at fault."""

    known: Known
    field: str = ""


_REFUSED: Final = Known.REFUSED
_CODES: Final[Mapping[str, Meaning]] = {
    "OAUTHCONFIGURATION_TOKEN_EXPIRED": Meaning(Known.EXPIRED),
    "OAUTHCONFIGURATION_INVALID_TOKEN": Meaning(Known.EXPIRED),
    "OAUTH_INTEGRATION_APPS_APPLICATION_IS_REVOKED": Meaning(Known.REVOKED),
    "OAUTH_INTEGRATION_APPS_CLIENTID_IS_NULL_OR_EMPTY": Meaning(Known.SETTING, "client_id"),
    "OAUTH_INTEGRATION_APPS_CLIENTSECRET_IS_NULL_OR_EMPTY": Meaning(Known.SETTING, "client_secret"),
    "API_LAYER_ENTITY_ID_NOT_FOUND": Meaning(Known.SETTING, "company_ref"),
    "INVOICE_EXTERNAL_REFERENCE_ALREADY_EXISTS": Meaning(Known.THERE_ALREADY),
    "ORDER_EXTERNAL_REFERENCE_ALREADY_EXISTS": Meaning(Known.THERE_ALREADY),
    "INVOICE_NUMBER_ALREADY_EXISTS": Meaning(_REFUSED, "number"),
    "ORDER_NUMBER_ALREADY_EXISTS": Meaning(_REFUSED, "number"),
    "DATE_IS_OUT_OF_RANGE": Meaning(_REFUSED, "date"),
    "GLACCOUNT_NO_DEPARTMENT_IS_DEPARTMENTAL": Meaning(_REFUSED, DEPARTMENTS),
    "BATCH_INVOICE_LINE_MISSING_GL_ACCOUNT": Meaning(_REFUSED, ACCOUNTS),
    "BATCH_INVOICE_LINE_MISSING_DESCRIPTION": Meaning(_REFUSED, "lines.description"),
    "BATCH_INVOICE_TOTAL_GROSS_AMT_NEGATIVE": Meaning(_REFUSED, "gross"),
    "BATCH_INVOICE_WITH_NO_INVOICE_LINES": Meaning(_REFUSED, "lines"),
    "INVOICE_IS_NOT_APPROVED": Meaning(_REFUSED),
    "ORDER_IS_NOT_APPROVED": Meaning(_REFUSED),
    "TRANSACTION_DOES_NOT_BALANCE": Meaning(_REFUSED, "gross"),
    "EXPECTED_POSTING_VALUES_DO_NOT_MATCH_ACTUAL_CALCULATED_VALUES": Meaning(_REFUSED, "gross"),
    "GLACCOUNT_TYPE_CANNOT_BE_TYPE_CONTROL": Meaning(_REFUSED, ACCOUNTS),
    "TAX_CODE_IS_EXCLUDED_FROM_RETURN_AND_CANNOT_BE_USED": Meaning(_REFUSED, TAXES),
    "TAX_RATE_IS_MORE_THAN_100_PERCENT": Meaning(_REFUSED, TAXES),
    "CURRENCYHISTORY_EXCHANGE_RATE_IS_INVALID": Meaning(_REFUSED, "base_gross"),
    "DOCUMENT_CONTENT_IS_NULL_OR_EMPTY": Meaning(_REFUSED, "content"),
    "DOCUMENT_NAME_IS_TOO_LONG": Meaning(_REFUSED, "name"),
    "DOCUMENT_NAME_IS_INVALID": Meaning(_REFUSED, "name"),
    "READ_ONLY": Meaning(_REFUSED),
}  # fmt: skip
_SUBJECTS: Final[Mapping[str, Meaning]] = {
    "SUPPLIER_": Meaning(_REFUSED, SUPPLIER),
    "CUSTOMER_": Meaning(_REFUSED, CUSTOMER),
    "ACCOUNT_": Meaning(_REFUSED, SUPPLIER),
    "GLACCOUNT_": Meaning(_REFUSED, ACCOUNTS),
    "TAX_": Meaning(_REFUSED, TAXES),
    "DEPARTMENT_": Meaning(_REFUSED, DEPARTMENTS),
    "CURRENCY_": Meaning(_REFUSED, "currency"),
    "INVOICE_EXTERNAL_REFERENCE_": Meaning(_REFUSED, "external_reference"),
    "ORDER_EXTERNAL_REFERENCE_": Meaning(_REFUSED, "external_reference"),
    "INVOICE_": Meaning(_REFUSED),
    "ORDER_": Meaning(_REFUSED),
    "BATCH_": Meaning(_REFUSED, "lines"),
    "STOCKITEM_": Meaning(Known.SETTING, "order_item"),
    "LOCATION_": Meaning(Known.SETTING, "order_item"),
    "DOCUMENT_": Meaning(_REFUSED, "content"),
    "TRANSACTION_": Meaning(_REFUSED),
    "PERIOD_": Meaning(_REFUSED, "date"),
    "ENTITY_": Meaning(Known.SETTING, "company_ref"),
}
_BAD_DATA: Final = (
    "_DOES_NOT_EXIST", "_NOT_FOUND", "_IS_NULL", "_IS_EMPTY", "_IS_NULL_OR_EMPTY", "_IS_TOO_LONG",
    "_IS_NOT_UPPERCASE", "_MUST_BE_UPPER_CASE", "_IS_INVALID", "_IS_NEGATIVE", "_IS_NEGATIVE_OR_ZERO",
    "_IS_NOT_POSTING_OR_DOES_NOT_EXIST", "_IS_NOT_POSTING_OR_VAT_OR_DOES_NOT_EXIST", "_IS_CLOSED",
    "_CONTAINS_UNSUPPORTED_CHARACTERS", "_CONTAINS_INVALID_CHARACTERS",
)  # fmt: skip
_ABSENT: Final = ("_DOES_NOT_EXIST", "_NOT_FOUND")
_UNCLEAR: Final = Meaning(Known.UNCLEAR)
_SAID_NOTHING: Final = "AccountsIQ refused with the code {code} and said no more"


def meaning(code: str) -> Meaning:
    """What a code stands for."""
    if code in _CODES:
        return _CODES[code]
    if not code.endswith(_BAD_DATA):
        return _UNCLEAR
    # The longest subject knows best: INVOICE_EXTERNAL_REFERENCE_ before INVOICE_.
    subjects = sorted((one for one in _SUBJECTS if code.startswith(one)), key=len)
    return _SUBJECTS[subjects[-1]] if subjects else _UNCLEAR


def is_expired(answer: Answer) -> bool:
    """Whether the access token was not accepted, so that nothing was carried out."""
    return not answer.is_good and (answer.has_expired or meaning(answer.code).known is Known.EXPIRED)


def is_absent(answer: Answer) -> bool:
    """Whether it says that what was asked for is not there."""
    return not answer.is_good and (answer.code.endswith(_ABSENT) or answer.code == "NOT_FOUND")


def refused_write(answer: Answer, id_name: str) -> IntegrationError:
    """What became of a write that was answered with a failure.

    With an id beside it, it is not to be believed; without one nothing was written (-1 on failure: seen in the wiki).
    """
    found = meaning(answer.code)
    if found.known is Known.UNCLEAR or answer.id_beside(id_name) is not None or _is_half(answer):
        return answer.reply.unclear(f"{answer.status or 'no status'} and {_code(answer)}")
    if found.known is Known.THERE_ALREADY:
        return OutcomeUnknown("AccountsIQ has a document with this reference already. It will be looked up.")
    return _told(answer, found)


def refused_read(answer: Answer) -> IntegrationError:
    """What a read that failed means: a setting, a revoked application, or that nothing is known yet."""
    found = meaning(answer.code)
    if answer.reply.wrote or found.known not in (Known.SETTING, Known.REVOKED):
        return answer.reply.unclear(f"{answer.status or 'no status'} and {_code(answer)}")
    return _told(answer, found)


def words(answer: Answer) -> str:
    """AccountsIQ's own words, with the code behind them."""
    said = sentence(answer.message, otherwise="")
    if not said:
        return _SAID_NOTHING.format(code=_code(answer)) + "."
    return f"{said.rstrip('.')} ({_code(answer)})."


def _told(answer: Answer, found: Meaning) -> IntegrationError:
    said = words(answer)
    if found.known is Known.REVOKED:
        return Unauthorised(f"{said} Link the connection again.")
    if found.known is Known.SETTING:
        return Misconfigured(said, field=found.field)
    return Rejected(said, field=found.field)


def _is_half(answer: Answer) -> bool:
    """A status that says yes, or that it goes on, beside a code that says no."""
    return answer.status not in ("Failure", "NotCreated", "Conflicted")


def _code(answer: Answer) -> str:
    return sentence(answer.code, otherwise="no code")[:100]
