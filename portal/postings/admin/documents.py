"""A transaction's document as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from integrations.content import from_json, plain
from integrations.documents import Dimension, Document, Line
from portal.postings.content import complete
from portal.postings.models import Revision, RevisionState, Transaction
from portal.staff.formats import NOTHING, block, json_text, moment, money
from portal.staff.sections import Fact, Section, Table, differences

HEAD = ("No.", "Description", "Account", "Tax code", "Dimensions", "Quantity", "Unit price", "Net", "Tax", "Gross")
NUMERIC = frozenset({5, 6, 7, 8, 9})
UNREADABLE = (KeyError, TypeError, ValueError, InvalidOperation)


def document_of(transaction: Transaction) -> Document | None:
    """The document; None when what is stored cannot be read any more, which a page must survive."""
    try:
        return from_json(transaction.content)
    except UNREADABLE:
        return None


def facts_of(document: Document) -> list[Fact]:
    """The header."""
    supplier = (
        f"{document.supplier.name} ({document.supplier.code})" if document.supplier.code else document.supplier.name
    )
    facts = [
        Fact("Kind", document.kind.label),
        Fact("Number", document.number),
        Fact("Order number", document.order_number),
        Fact("Supplier", supplier),
        Fact("Supplier’s reference", document.supplier_reference),
        Fact("Date", str(document.date or "")),
        Fact("Due", str(document.due_date or "")),
        Fact("Net", money(document.net, document.currency)),
        Fact("Tax", money(document.tax, document.currency)),
        Fact("Gross", money(document.gross, document.currency)),
    ]
    if document.base_gross is not None and document.base_currency != document.currency:
        facts.append(Fact("Gross in base currency", money(document.base_gross, document.base_currency)))
    return facts + [Fact(each.name, _dimension(each)) for each in document.dimensions]


def lines_of(document: Document, defaults: Mapping[str, str] | None = None) -> Section:
    """The lines as a table; a code that comes from the connection's defaults says so."""
    completed = complete(document, defaults or {})
    rows = [_line(own, filled, document.currency) for own, filled in zip(document.lines, completed.lines, strict=True)]
    totals = [_amount(each, document.currency) for each in (document.net, document.tax, document.gross)]
    table = Table(head=HEAD, rows=rows, numeric=NUMERIC, foot=("",) * 7 + tuple(totals), empty="It has no lines.")
    return Section(title=f"Lines in {document.currency}", table=table)


def raw(transaction: Transaction) -> Section:
    """What is stored, where it cannot be read as a document."""
    return Section(title="Content", note="It cannot be read as a document.", html=block(json_text(transaction.content)))


def revision_section(revision: Revision) -> Section:
    """Another version, with what differs from ours, field by field."""
    superseded = revision.state == RevisionState.SUPERSEDED
    ours, theirs = ("That version", "The one after it") if superseded else ("Ours", "What came then")
    return Section(
        title=str(revision.get_state_display()).partition(":")[0],
        note=str(revision.get_state_display()).partition(": ")[2].capitalize() + ".",
        facts=[Fact("Received", moment(revision.received_at, seconds=True))],
        table=differences(revision.differences, ours=ours, theirs=theirs),
    )


def _line(own: Line, filled: Line, currency: str) -> tuple[str, ...]:
    return (
        str(own.number),
        own.description,
        _code(own.account_code, filled.account_code),
        _code(own.tax_code, filled.tax_code),
        ", ".join(f"{each.name} {_dimension(each)}" for each in own.dimensions),
        plain(own.quantity) or NOTHING,
        _amount(own.unit_price, currency),
        _amount(own.net, currency),
        _amount(own.tax, currency),
        _amount(own.gross, currency),
    )


def _amount(amount: Decimal | None, currency: str) -> str:
    """Without its currency, which the heading names."""
    return money(amount, currency).removesuffix(f" {currency}")


def _code(own: str | None, filled: str | None) -> str:
    return own or (f"{filled} (default)" if filled else NOTHING)


def _dimension(dimension: Dimension) -> str:
    return f"{dimension.code} ({dimension.label})" if dimension.label else dimension.code
