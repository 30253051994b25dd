"""What Tryton means when it says that a bill is similar to another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.documents import Document
from integrations.tryton import mapping
from integrations.tryton.client import Client
from integrations.tryton.kinds import INVOICES, book
from integrations.tryton.naming import own
from integrations.tryton.words import amount, one_line

Record = Mapping[str, Any]


def alike(client: Client, document: Document, draft: Record) -> list[Record]:
    """The other bills of the supplier with the same number, without those of the other sign.

    A credit note often carries the number of its invoice, and is no second one of it: that may pass.
    """
    domain = [
        own(client), ["id", "!=", draft["id"]], ["type", "=", "in"],
        ["party.code", "=", mapping.posted(draft, document.kind).supplier_code],
        ["reference", "=", one_line(document.supplier_reference)],
    ]  # fmt: skip
    found = client.search(INVOICES, domain, book(document.kind).fields)
    return [one for one in found if _sign(one) * _sign(draft) >= 0]


def _sign(record: Record) -> int:
    total = amount(record.get("total_amount")) or 0
    return (total > 0) - (total < 0)
