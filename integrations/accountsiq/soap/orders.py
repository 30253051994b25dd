"""Purchase orders. They begin as the shell that AccountsIQ makes for a supplier, with what it fills in itself."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from integrations.accountsiq.soap.answers import Told
from integrations.accountsiq.soap.envelopes import Part, Parts, Value, one_line
from integrations.accountsiq.soap.mapping import (
    Names,
    account_of,
    day_of,
    department_part,
    description,
    key_of,
    tax_of,
    text_of,
)
from integrations.documents import Document, IdempotencyKey, Kind, Line, Posted, Written
from integrations.errors import Misconfigured, Rejected

SAVE: Final = "SaveOrderGetBackOrderID"
LEDGER: Final = "Purchases"
_LONGEST_NUMBER: Final = 50
_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)
# The members of an order in the order of the WSDL. What is not among ours comes from the shell as it is.
_MEMBERS: Final = (
    "OrderID", "AccountID", "AreaID", "CurrencyCode", "CurrrencyCode", "AccountTaxCode", "PaymentMethodID",
    "ShipmentViaID", "OrderNumber", "ExternalReference", "CreationDate", "OrderDate", "DeliveryDate", "Status",
    "AccountName", "AccountAddress1", "AccountAddress2", "City", "County_State", "Country", "PostCode",
    "DeliveryAccountName", "DeliveryAccountAddress1", "DeliveryAccountAddress2", "DeliveryCity",
    "DeliveryCounty_State", "DeliveryCountry", "DeliveryPostCode", "Contact", "Phone", "Notes", "DiscountRate",
    "ForCollection", "ExchangeRate", "UseAccountTaxCode", "QuoteID", "QuoteNumber", "DepartmentID", "Hold",
    "TransferReference", "TransferID", "IsClosed", "Ledger", "Lines", "SalesRepresentativeID", "RequesterID",
    "ExternalApproverID", "NetAmount", "TaxAmount", "GrossAmount", "BCNetAmount", "BCTaxAmount", "BCGrossAmount",
)  # fmt: skip
# By the WSDL these may be nil and have to be there.
_NILLABLE: Final = ("QuoteID", "SalesRepresentativeID", "RequesterID", "ExternalApproverID")


def order(document: Document, names: Names, shell: Told, *, key: IdempotencyKey, reference: str, item: str) -> Parts:
    """The parts of the call that saves a new order. `item` is the item code for lines that have none of their own.

    Raises `Misconfigured` and `Rejected` for what is missing.
    """
    if (shell.number("AccountID") or 0) <= 0:
        raise Rejected(f"AccountsIQ knows no supplier {names.party}. Check the code.", field="supplier.code")
    ours = _members(document, names, shell, key, reference)
    ours["Lines"] = [("OrderLine", _line(document, line, names, item)) for line in document.lines]
    theirs = shell.members()
    nils: dict[str, Value] = dict.fromkeys(_NILLABLE)
    merged: dict[str, Value] = {**nils, **{name: value for name, value in theirs.items() if value != ""}, **ours}
    inside: list[Part] = [(name, merged[name]) for name in _MEMBERS if name in merged]
    return [("order", inside), ("create", True)]


def _members(document: Document, names: Names, shell: Told, key: IdempotencyKey, reference: str) -> dict[str, Value]:
    ours: dict[str, Value] = {
        "OrderID": 0,
        "CurrencyCode": document.currency,
        "CurrrencyCode": document.currency,
        "OrderNumber": shell.text("OrderNumber") or one_line(document.number, _LONGEST_NUMBER),
        "ExternalReference": key.value,
        "OrderDate": day_of(document),
        "DeliveryDate": document.delivery_date or day_of(document),
        "Notes": description(document, reference),
        "ExchangeRate": names.exchange_rate,
        "Hold": 0,
        "IsClosed": False,
        "Ledger": LEDGER,
        "NetAmount": document.net,
        "TaxAmount": document.tax,
        "GrossAmount": document.gross,
    }
    return {**ours, **_base_amounts(document)}


def _base_amounts(document: Document) -> Mapping[str, Value]:
    """In the company's currency, where they are known."""
    known = (document.base_net, document.base_tax, document.base_gross)
    if document.currency == document.base_currency:
        known = (document.net, document.tax, document.gross)
    names = ("BCNetAmount", "BCTaxAmount", "BCGrossAmount")
    return {name: value for name, value in zip(names, known, strict=True) if value is not None}


def _line(document: Document, line: Line, names: Names, item: str) -> Parts:
    quantity, price = _quantity_and_price(line)
    account, tax = account_of(line), tax_of(line)
    return [
        ("OrderItemID", 0),
        ("OrderID", 0),
        ("QuoteItemID", None),
        ("StockItemID", _item(line, item)),
        ("StockItemDescription", text_of(line)),
        ("OrderedQuantity", quantity),
        ("DeliveredQuantity", _ZERO),
        ("InvoicedQuantity", _ZERO),
        ("StockItemCost", _ZERO),
        ("StockItemPrice", price),
        ("DiscountRate", _ZERO),
        ("ActualPrice", price),
        ("TaxCode", tax),
        ("TaxRate", names.tax_rates[tax]),
        ("NetAmount", line.net),
        ("TaxAmount", line.tax),
        ("GrossAmount", line.gross),
        ("GLAccountCode", account),
        ("OpeningStockGLAccountCode", account),
        *department_part(document, line),
    ]


def _item(line: Line, item: str) -> str:
    # What a source calls an item is mostly its supplier's code, which AccountsIQ does not know.
    if code := one_line(item or line.item_code):
        return code
    message = (
        f"Line {line.number} has no item code, and AccountsIQ orders items only. "
        "Enter the code of a non-stock item for purchase orders in the connection's settings."
    )
    raise Misconfigured(message, field="order_item")


def _quantity_and_price(line: Line) -> tuple[Decimal, Decimal]:
    """As the source has them where they make the net amount to the last digit; else one at the net amount."""
    if line.quantity is not None and line.unit_price is not None and line.quantity * line.unit_price == line.net:
        return line.quantity, line.unit_price
    return _ONE, line.net


# --- and back --------------------------------------------------------------------------------------------------------


def is_ours(told: Told, key: IdempotencyKey) -> bool:
    """Whether an order carries our key, to the letter, and is one to a supplier."""
    return key_of(told.text("ExternalReference")) == key.value and told.text("Ledger") in ("", LEDGER)


def posted(told: Told) -> Posted | None:
    """An order as AccountsIQ tells it; None without an id. It tells the supplier's number there, and no code."""
    number = told.number("OrderID")
    if number is None or number <= 0:
        return None
    return Posted(
        external_id=str(number),
        number=told.text("OrderNumber"),
        net=told.amount("NetAmount"),
        tax=told.amount("TaxAmount"),
        gross=told.amount("GrossAmount"),
        currency=told.text("CurrencyCode") or told.text("CurrrencyCode") or None,
        date=told.day("OrderDate"),
    )


def written(told: Told) -> Written | None:
    """An order of a listing; None where it carries no key, or is none to a supplier."""
    key, document = key_of(told.text("ExternalReference")), posted(told)
    if not key or document is None or told.text("Ledger") not in ("", LEDGER):
        return None
    return Written(key=key, posted=document, kind=Kind.PURCHASE_ORDER)
