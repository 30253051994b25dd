"""The paper that comes with an invoice or credit note: a small PDF that says what the supplier asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from integrations.icompleat.standin.pdf import one_page
from integrations.icompleat.standin.summary import currency_of, gross_of
from integrations.icompleat.standin.transactions import Attachment


def paper(body: Mapping[str, Any], base_currency: str) -> Attachment:
    """The file for a transaction, the same on every call."""
    name = f"{body['References'].get('Supplier') or body['References']['Identifier']}.pdf"
    own = str(uuid5(NAMESPACE_URL, f"postroom:icompleat:paper:{body['Id']}"))
    return Attachment(own, name, "application/pdf", one_page(_lines(body, base_currency)))


def _lines(body: Mapping[str, Any], base_currency: str) -> Iterator[str]:
    currency = currency_of(body) or base_currency
    yield body["Supplier"]["Name"]
    yield ""
    yield f"{'Credit note' if body['Type'] == 'CRD' else 'Invoice'} {body['References'].get('Supplier') or ''}"
    yield f"Date {(body.get('Dates', {}).get('Invoice') or '')[:10]}"
    yield f"Our reference {body['References']['Identifier']}"
    yield ""
    for line in body["Lines"]:
        yield f"{line['Description']}: {line['Net']['Local']['Value']:.2f} net, {line['Vat']['Local']['Value']:.2f} VAT"
    yield ""
    yield f"Total {gross_of(body):.2f} {currency}"
