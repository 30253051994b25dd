"""The codes of a document as the source wrote them, with what is sent instead by the mapping as it is now."""

from __future__ import annotations

from typing import Final

from django.utils.html import format_html, format_html_join

from integrations.documents import Dimension, Document, Line
from integrations.errors import Misconfigured
from portal.connections.models import Connection
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.gaps import field_of
from portal.reference.mending import mend_url
from portal.reference.resolving import Placed, Resolved
from portal.reference.rules import CURRENCY
from portal.reference.tables import Codes, codes_for
from portal.staff.formats import NOTHING, link
from portal.staff.sections import Fact, Section, Table
from portal.tones import PERSON, tone

ARROW: Final = "{} \N{RIGHTWARDS ARROW} {}"
AS_SENT: Final = "By the mapping as it is now; the exchange above shows what was sent then."
IF_SENT: Final = "By the mapping as it is now: a retry sends this."
MOST_SHOWN: Final = 100


def codes_of(posting: Posting, document: Document) -> Codes | None:
    """What the mapping makes of the document's codes; None where nothing is mapped, or the rules cannot be read."""
    if posting.kept:
        return None
    try:
        return codes_for(posting.connection, document)
    except Misconfigured:
        return None


def header_facts(document: Document, codes: Codes) -> list[Fact]:
    """The party, the currency and the dimensions of the header, where anything else is sent than what came in."""
    party, currency = codes.resolver.party(document), codes.resolver.code(CURRENCY, document.currency)
    cells = [
        ("Customer" if document.kind.is_sale else "Supplier", party.own, code(party.own, party.resolved)),
        ("Currency", document.currency, code(document.currency, currency)),
    ]
    facts = [Fact(label, said) for label, own, said in cells if said not in (own, NOTHING)]
    placed = codes.resolver.dimensions(document)
    return facts + [Fact(each.name, _placed(each)) for each in placed if each.own != each.sent]


def line_cells(line: Line, document: Document, codes: Codes) -> tuple[str, str, str]:
    """Account, tax code and dimensions of a line: `5010 → 7502`."""
    account, tax = codes.resolver.line(document, line)
    placed = codes.resolver.dimensions(document, line)
    dimensions = format_html_join(", ", "{} {}", ((each.name, _placed(each)) for each in placed))
    taxed = code(line.tax_code, tax.resolved) if tax else line.tax_code or NOTHING
    return code(account.own, account.resolved), taxed, dimensions


def note_of(posting: Posting) -> str:
    """Of which moment the codes are."""
    return AS_SENT if posting.state == State.POSTED else IF_SENT


def missing_section(connection: Connection, document: Document, codes: Codes) -> list[Section]:
    """Every missing code of the document, each with the way to mend it; nothing where none is."""
    found = {(gap.family, gap.code): gap for gap in reversed(codes.gaps(document))}
    rows = [
        (gap.sentence, link(mend_url(connection, field_of(gap.family, gap.code)), "Mend"))
        for gap in list(reversed(found.values()))[:MOST_SHOWN]
    ]
    return [Section(title="Missing in the mapping", table=Table(head=("What", ""), rows=rows))] if rows else []


def code(own: str | None, resolved: Resolved) -> str:
    """One code: alone where it is sent as it came, else with what is sent instead."""
    if resolved.missing:
        return format_html(ARROW, own, tone(PERSON, "Missing")) if own else tone(PERSON, "Missing")
    if not resolved.code:
        return NOTHING
    said = f"{resolved.code} (default)" if resolved.by_default else resolved.code
    return said if resolved.code == own or not own else format_html(ARROW, own, said)


def dimension_words(dimension: Dimension) -> str:
    """A dimension's code, with its label where it has one."""
    return f"{dimension.code} ({dimension.label})" if dimension.label else dimension.code


def _placed(each: Placed) -> str:
    """What becomes of one dimension, after its name."""
    if each.own == each.sent and each.own is not None:
        return dimension_words(each.own)
    if each.resolved.missing or each.own is None:
        return code(each.own.code if each.own else None, each.resolved)
    if each.sent is None:
        return format_html(ARROW, dimension_words(each.own), "not sent")
    renamed = "" if each.sent.name == each.own.name else f"{each.sent.name} "
    said = f"{renamed}{each.sent.code}{' (default)' if each.resolved.by_default else ''}"
    return format_html(ARROW, dimension_words(each.own), said)
