"""From iCompleat's transaction to our document: pure functions and word tables.

What is seen of iCompleat, and what is inferred, stands in the README beside this file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from integrations.base import Expected
from integrations.content import content_hash
from integrations.documents import Document, Kind, Supplier
from integrations.errors import Malformed
from integrations.icompleat import amounts, analysis, dates, lines
from integrations.icompleat.limits import LONGEST_CODE, LONGEST_ID, LONGEST_NAME, LONGEST_REFERENCE, LONGEST_TEXT
from integrations.icompleat.raising import unmarked
from integrations.icompleat.reading import Node, canonical_id

SOURCE: Final = "icompleat"
KIND_BY_TYPE: Final = {
    "INV": Kind.INVOICE,
    "ORD": Kind.PURCHASE_ORDER,
    "CRD": Kind.CREDIT_NOTE,
    "CRN": Kind.CREDIT_NOTE,
    "REC": Kind.RECEIPT,
    "GRN": Kind.RECEIPT,
    "RCT": Kind.RECEIPT,
}
UNAPPROVED: Final = {"PEND": "awaiting approval", "DEL": "deleted", "DEN": "denied", "SAV": "saved, but not submitted"}

_ID: Final = re.compile(rf"[!-~]{{1,{LONGEST_ID}}}")


def read(payload: Mapping[str, Any], expected: Expected) -> Document:
    """One approved transaction as a document. Raises `Malformed` with the member's path and a plain sentence.

    Amounts of a credit note that come negative are turned round as a whole, so that relative signs stay.
    """
    header = unwrapped(payload)
    external_id = _external_id(header.member("Id"))
    kind = _kind(header.member("Type"), expected.kind)
    _check_company(header.member("Company"), expected.company_id)
    _check_status(header.member("Status"))
    document = _document(header, kind, external_id, expected.base_currency)
    if kind is Kind.RECEIPT:
        return replace(document, identity=f"{external_id}:{content_hash(document)}")
    return document


def unwrapped(payload: Mapping[str, Any]) -> Node:
    """The transaction itself, whether it came bare, as `Transaction` or as the only one of `Transactions`."""
    root = Node(dict(payload))
    inner, several = root.member("Transaction"), root.member("Transactions")
    if not inner.given and several.given:
        items = list(several.items())
        if len(items) != 1:
            several.refuse(f"holds {len(items)} transactions, but exactly one is taken at a time")
        inner = items[0]
    elif not inner.given:
        return root
    if not inner.holds_members:
        inner.refuse("must be an object")
    return Node(inner.value)


def _external_id(node: Node) -> str:
    """A GUID in its usual form, or any other id of printable characters, in lower case: it identifies for ever."""
    if not node.given:
        raise Malformed("The transaction has no Id.", field=node.path)
    if not isinstance(node.value, str) or not _ID.fullmatch(node.value.strip()):
        node.refuse(f"must be a GUID, or at least an id of up to {LONGEST_ID} characters without blanks")
    return canonical_id(node.value)


def _kind(node: Node, endpoint: Kind | None) -> Kind:
    """The URL says what a transaction is and its Type must not contradict; where the URL takes all, Type decides."""
    word = node.text(LONGEST_CODE).upper()
    stated = KIND_BY_TYPE.get(word)
    if endpoint is None:
        return stated or _refuse_unknown_type(word, "This endpoint takes every kind and needs a Type that says which")
    if stated is endpoint or not word or (stated is None and endpoint is Kind.RECEIPT):
        return endpoint
    if stated is None:
        return _refuse_unknown_type(word, f"This endpoint takes {_plural(endpoint)}")
    raise Malformed(
        f"This endpoint takes {_plural(endpoint)}, but Type is {word}: send {_plural(stated)} to their own endpoint.",
        field="Type",
    )


def _refuse_unknown_type(word: str, rule: str) -> Kind:
    known = ", ".join(KIND_BY_TYPE)
    what = f"Type {word} is not known" if word else "Type is missing"
    raise Malformed(f"{what}. {rule}; known are {known}.", field="Type")


def _plural(kind: Kind) -> str:
    return f"{kind.label.lower()}s"


def _check_company(company: Node, expected_id: str) -> None:
    node = company.member("Id")
    named = node.text(LONGEST_ID)
    if named and canonical_id(named) != canonical_id(expected_id):
        raise Malformed(
            f"The transaction belongs to company {named}, but this endpoint is another company's.", field=node.path
        )


def _check_status(node: Node) -> None:
    """Unknown words are let through: iCompleat sends on approval only, and its list of words is not published."""
    word = node.text(LONGEST_CODE).upper()
    if word in UNAPPROVED:
        raise Malformed(
            f"The transaction is {UNAPPROVED[word]} (status {word}): only approved transactions are booked.",
            field=node.path,
        )


def _document(header: Node, kind: Kind, external_id: str, base_currency: str) -> Document:
    coding = analysis.entries(header)
    raw_lines = lines.raw(header)
    currency = analysis.currency_of(header, [coding, *(line.coding for line in raw_lines)], base_currency)
    money = amounts.read(header, [(line.number, line.node) for line in raw_lines], kind, currency, base_currency)
    references, when = header.member("References"), header.member("Dates")
    return Document(
        kind=kind,
        source=SOURCE,
        external_id=external_id,
        identity=external_id,
        number=references.member("Identifier").text(LONGEST_REFERENCE),
        order_number=references.member("PurchaseOrder").text(LONGEST_REFERENCE),
        supplier_reference=references.member("Supplier").text(LONGEST_REFERENCE),
        title=unmarked(header.member("Title").text(LONGEST_TEXT)),
        party=_supplier(header),
        currency=currency,
        base_currency=base_currency,
        net=money.total.net,
        tax=money.total.tax,
        gross=money.total.gross,
        base_net=money.base_total.net if money.base_total else None,
        base_tax=money.base_total.tax if money.base_total else None,
        base_gross=money.base_total.gross if money.base_total else None,
        date=_business_date(when, kind),
        due_date=dates.business_date(when.member("PaymentDue")),
        delivery_date=dates.business_date(when.member("Delivery")),
        created_at=dates.moment(when.member("Created")),
        dimensions=analysis.dimensions(coding),
        lines=lines.read(raw_lines, coding, money),
    )


def _business_date(when: Node, kind: Kind) -> date | None:
    """The invoice's date; a receipt has none, its day is the delivery's."""
    given = dates.business_date(when.member("Invoice"))
    if given is None and kind is Kind.RECEIPT:
        return dates.business_date(when.member("Delivery"))
    return given


def _supplier(header: Node) -> Supplier:
    """An object in the detail, `SupplierName` in the list. The code is inferred, so it may be missing."""
    node = header.member("Supplier")
    code = node.member("Code").text(LONGEST_CODE) if node.holds_members else ""
    name = (node.member("Name") if node.holds_members else node).text(LONGEST_NAME)
    name = name or header.member("SupplierName").text(LONGEST_NAME)
    if not name:
        raise Malformed("The transaction names no supplier.", field="Supplier.Name")
    return Supplier(code=code or None, name=name)
