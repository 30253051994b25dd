"""A transaction's document as people read it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from integrations.content import from_json, plain
from integrations.documents import Document, Line
from portal.postings.admin.coding import dimension_words, header_facts, line_cells
from portal.postings.models import Revision, RevisionState, Transaction
from portal.reference.tables import Codes
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
    party = f"{document.party.name} ({document.party.code})" if document.party.code else document.party.name
    facts = [
        Fact("Kind", document.kind.label),
        Fact("Number", document.number),
        Fact("Order number", document.order_number),
        Fact("Customer" if document.kind.is_sale else "Supplier", party),
        Fact("Supplier’s reference", document.supplier_reference),
        Fact("Date", str(document.date or "")),
        Fact("Due", str(document.due_date or "")),
        Fact("Net", money(document.net, document.currency)),
        Fact("Tax", money(document.tax, document.currency)),
        Fact("Gross", money(document.gross, document.currency)),
    ]
    if document.base_gross is not None and document.base_currency != document.currency:
        facts.append(Fact("Gross in base currency", money(document.base_gross, document.base_currency)))
    return facts + [Fact(each.name, dimension_words(each)) for each in document.dimensions]


def lines_of(document: Document, codes: Codes | None = None, note: str = "") -> Section:
    """The lines as a table. With `codes`, each code shows what is sent instead, and the header's stand above."""
    rows = [_line(line, document, codes) for line in document.lines]
    totals = [_amount(each, document.currency) for each in (document.net, document.tax, document.gross)]
    table = Table(head=HEAD, rows=rows, numeric=NUMERIC, foot=("",) * 7 + tuple(totals), empty="It has no lines.")
    facts = header_facts(document, codes) if codes else []
    return Section(title=f"Lines in {document.currency}", facts=facts, table=table, note=note if codes else "")


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


def _line(line: Line, document: Document, codes: Codes | None) -> tuple[str, ...]:
    currency = document.currency
    return (
        str(line.number),
        line.description,
        *(line_cells(line, document, codes) if codes else _own_cells(line)),
        plain(line.quantity) or NOTHING,
        _amount(line.unit_price, currency),
        _amount(line.net, currency),
        _amount(line.tax, currency),
        _amount(line.gross, currency),
    )


def _own_cells(line: Line) -> tuple[str, str, str]:
    dimensions = ", ".join(f"{each.name} {dimension_words(each)}" for each in line.dimensions)
    return line.account_code or NOTHING, line.tax_code or NOTHING, dimensions


def _amount(amount: Decimal | None, currency: str) -> str:
    """Without its currency, which the heading names."""
    return money(amount, currency).removesuffix(f" {currency}")
