"""From a transaction's stored content to the document that a connector gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from integrations.content import from_json
from integrations.documents import Document, Line
from portal.postings.models import Posting


def document_of(posting: Posting) -> Document:
    """The document of a posting, with what it lacks taken from the connection's defaults as they are now."""
    return complete(from_json(posting.transaction.content), posting.connection.defaults)


def complete(document: Document, defaults: Mapping[str, str]) -> Document:
    """Fill a missing supplier code, account codes and tax codes from `supplier_code`, `account_code`, `tax_code`."""
    supplier = document.supplier
    if supplier.code is None and defaults.get("supplier_code"):
        supplier = replace(supplier, code=defaults["supplier_code"])
    return replace(document, supplier=supplier, lines=tuple(_complete_line(line, defaults) for line in document.lines))


def _complete_line(line: Line, defaults: Mapping[str, str]) -> Line:
    return replace(
        line,
        account_code=line.account_code or defaults.get("account_code") or None,
        tax_code=line.tax_code or defaults.get("tax_code") or None,
    )
