"""Why the books refuse something, and what each door calls that."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Why(Enum):
    """A reason: the error code of the SOAP interface, and the code of the REST one.

    Of the SOAP codes those marked are not among the published ones that we have seen; they follow their pattern.
    """

    CONTACT_UNKNOWN = ("SUPPLIER_CODE_DOES_NOT_EXIST", "ContactNotFound")
    CONTACT_MISSING = ("ACCOUNT_CODE_IS_NULL", "ContactMissing")  # follows the pattern
    CODE_NOT_UPPER = ("ACCOUNT_CODE_MUST_BE_UPPER_CASE", "CodeNotUpperCase")
    CODE_TAKEN = ("ACCOUNT_CODE_ALREADY_IN_USE", "CodeInUse")
    NAME_MISSING = ("ACCOUNT_NAME_IS_NULL", "NameMissing")
    ACCOUNT_MISSING = ("BATCH_INVOICE_LINE_MISSING_GL_ACCOUNT", "NominalAccountMissing")
    ACCOUNT_UNKNOWN = ("GLACCOUNT_CODE_DOES_NOT_EXIST", "NominalAccountNotFound")
    ACCOUNT_NOT_UPPER = ("GLACCOUNT_CODE_IS_NOT_UPPERCASE", "NominalAccountNotUpperCase")
    ACCOUNT_NOT_POSTING = ("GLACCOUNT_IS_NOT_POSTING_OR_DOES_NOT_EXIST", "NominalAccountNotPosting")
    DEPARTMENT_NEEDED = ("GLACCOUNT_NO_DEPARTMENT_IS_DEPARTMENTAL", "DepartmentMissing")
    DEPARTMENT_UNKNOWN = ("DEPARTMENT_ID_DOES_NOT_EXIST", "DepartmentNotFound")
    DEPARTMENT_EMPTY = ("DEPARTMENT_ID_IS_EMPTY", "DepartmentMissing")  # follows the pattern
    TAX_MISSING = ("TAX_CODE_IS_NULL", "TaxCategoryMissing")
    TAX_UNKNOWN = ("TAX_CODE_DOES_NOT_EXIST", "TaxCategoryNotFound")
    TAX_NOT_UPPER = ("TAX_CODE_IS_NOT_UPPERCASE", "TaxCategoryNotUpperCase")
    TAX_RATE_NEGATIVE = ("TAX_RATE_IS_NEGATIVE", "TaxRateNegative")
    TAX_RATE_TOO_HIGH = ("TAX_RATE_IS_MORE_THAN_100_PERCENT", "TaxRateTooHigh")
    LINE_DESCRIPTION_MISSING = ("BATCH_INVOICE_LINE_MISSING_DESCRIPTION", "DescriptionMissing")
    DESCRIPTION_MISSING = ("BATCH_INVOICE_DESCRIPTION_IS_NULL", "DescriptionMissing")  # follows the pattern
    DESCRIPTION_TOO_LONG = ("BATCH_INVOICE_DESCRIPTION_IS_TOO_LONG", "DescriptionTooLong")  # follows the pattern
    REFERENCE_MISSING = ("INVOICE_EXTERNAL_REFERENCE_IS_NULL", "ReferenceMissing")
    REFERENCE_TOO_LONG = ("INVOICE_EXTERNAL_REFERENCE_IS_TOO_LONG", "ReferenceTooLong")
    REFERENCE_USED = ("INVOICE_EXTERNAL_REFERENCE_ALREADY_EXISTS", "ReferenceInUse")
    NUMBER_USED = ("INVOICE_NUMBER_ALREADY_EXISTS", "NumberInUse")
    NUMBER_TOO_LONG = ("INVOICE_NUMBER_IS_TOO_LONG", "NumberTooLong")
    NO_LINES = ("BATCH_INVOICE_WITH_NO_INVOICE_LINES", "LinesMissing")
    NEGATIVE = ("BATCH_INVOICE_TOTAL_GROSS_AMT_NEGATIVE", "AmountNegative")
    DISAGREE = ("EXPECTED_POSTING_VALUES_DO_NOT_MATCH_ACTUAL_CALCULATED_VALUES", "TotalsDisagree")
    DAY_MISSING = ("DATE_IS_OUT_OF_RANGE", "DateMissing")
    PERIOD_CLOSED = ("DATE_IS_OUT_OF_RANGE", "PeriodClosed")
    CURRENCY_UNKNOWN = ("CURRENCY_CODE_DOES_NOT_EXIST", "CurrencyNotFound")
    RATE_WRONG = ("CURRENCYHISTORY_EXCHANGE_RATE_IS_INVALID", "ExchangeRateInvalid")
    STOCK_UNKNOWN = ("STOCKITEM_ID_DOES_NOT_EXIST", "ItemNotFound")
    ORDER_UNKNOWN = ("ORDER_ID_DOES_NOT_EXIST", "OrderNotFound")
    ORDER_NUMBER_USED = ("ORDER_NUMBER_ALREADY_EXISTS", "OrderNumberInUse")
    ORDER_ITEM_UNKNOWN = ("ORDER_ITEM_ID_DOES_NOT_EXIST", "OrderItemNotFound")  # follows the pattern
    OPENING_ACCOUNT_MISSING = ("GLACCOUNT_CODE_IS_NULL", "NominalAccountMissing")
    QUANTITY_WRONG = ("DELIVERY_QUANTITY_IS_NEGATIVE_OR_ZERO", "QuantityInvalid")
    OUTDATED = ("OUTDATED_RECORD", "RecordOutdated")
    TRANSACTION_UNKNOWN = ("TRANSACTION_ID_DOES_NOT_EXIST", "TransactionNotFound")  # follows the pattern
    MASTER_TYPE_WRONG = ("DOCUMENT_MASTERTYPE_IS_INVALID", "MasterTypeInvalid")
    FILE_NAME_WRONG = ("DOCUMENT_NAME_IS_INVALID", "FileNameInvalid")
    FILE_NAME_TOO_LONG = ("DOCUMENT_NAME_IS_TOO_LONG", "FileNameTooLong")
    FILE_EMPTY = ("DOCUMENT_CONTENT_IS_NULL_OR_EMPTY", "ContentMissing")
    FILE_UNKNOWN = ("DOCUMENT_ID_DOES_NOT_EXIST", "DocumentNotFound")  # follows the pattern
    READ_ONLY = ("READ_ONLY", "ReadOnly")
    # what only the REST interface can get wrong
    COMPANY_UNKNOWN = ("ENTITY_DOES_NOT_EXIST", "ClientAccountNotFound")  # follows the pattern
    MEMBER_MISSING = ("UNKNOWN", "Missing")
    MEMBER_WRONG = ("UNKNOWN", "Invalid")
    NOT_FOUND = ("UNKNOWN", "NotFound")
    ALREADY_POSTED = ("READ_ONLY", "AlreadyPosted")

    @property
    def error_code(self) -> str:
        """What the SOAP interface calls it."""
        return self.value[0]

    @property
    def rest_code(self) -> str:
        """What the REST interface calls it."""
        return self.value[1]


class Refusal(Exception):
    """The books do not take something. `field` is the REST member at fault, `status` the REST answer's."""

    def __init__(self, why: Why, message: str, field: str = "", *, status: int = 400) -> None:
        super().__init__(message)
        self.why, self.message, self.field, self.status = why, message, field, status


# The reasons that a SOAP call answers with another Status than Failure.
STATUSES: Final[Mapping[Why, str]] = {Why.OUTDATED: "Conflicted"}
