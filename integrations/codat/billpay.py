"""The synchronous interface, Bill Pay: an invoice is written, and the answer is the bill in the books.

It takes invoices alone, on six platforms. What it takes is told by documentation and not by options: the table below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any, Final
from urllib.parse import quote

from integrations.codat import booked, checks, mapping
from integrations.codat.client import Client
from integrations.codat.codes import Known, resolve
from integrations.codat.kinds import SHAPES, Payload
from integrations.codat.lists import Lists
from integrations.codat.values import ZERO, text
from integrations.documents import Document, IdempotencyKey, Kind, Line, Posted
from integrations.errors import OutcomeUnknown
from integrations.papers import File
from integrations.previewing import Objection

_BILL: Final = SHAPES[Kind.INVOICE]
_LONGEST_DESCRIPTION: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What one platform takes (vendor's page on creating bills, 2026-08). `reference`: the longest, in characters.

    `taxes` are sent by rate, by `amounts`, or by both. `nominal`: accounts go by their nominal codes. `has_rates`: it
    takes an exchange rate of its own where none is sent.
    """

    reference: int
    rates: bool = True
    amounts: bool = True
    nominal: bool = False
    most_lines: int | None = None
    has_rates: bool = False
    as_suppliers: bool = False


RULES: Final[Mapping[str, Rules]] = {
    "fbrh": Rules(reference=255, rates=False, nominal=True, most_lines=40),
    "akxx": Rules(reference=45),
    "qhyg": Rules(reference=21, amounts=False),
    "knfz": Rules(reference=100),
    "gbol": Rules(reference=255, amounts=False, has_rates=True),
    "rwuv": Rules(reference=50, as_suppliers=True),
}


@dataclass(frozen=True, slots=True)
class Synchronous:
    """Bill Pay of one connection. `told` is what Codat told of it; its platform is one of `RULES`. `settings` are
    those of its form."""

    client: Client
    told: Mapping[str, Any]
    settings: Mapping[str, str]

    def draft(
        self, document: Document, *, key: IdempotencyKey, reference: str
    ) -> tuple[Payload, tuple[Objection, ...]]:
        """What would be sent, and what stands against it. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        rules, days = RULES[str(self.told.get("platform"))], checks.due_days(self.settings)
        known, found = resolve(document, Lists(self.client))
        against = checks.of_the_currency(
            document, known, self.told, has_rates=rules.has_rates, as_partys=rules.as_suppliers
        )
        payload = _bill(
            document, known, rules, key=key, reference=reference, base=checks.books(self.told), due_days=days
        )
        day = checks.of_the_day(document, self.told)
        return payload, (*found, *day, *against, *_objections(document, payload, rules))

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Write the bill; what comes back is in the books."""
        payload, found = self.draft(document, key=key, reference=reference)
        checks.insist(found)
        told = self.client.send("POST", self._bills, payload, key=key.sent)
        bill = booked.posted(told, _BILL) if isinstance(told, Mapping) else None
        if bill is None:
            raise OutcomeUnknown("Codat did not tell the id of what it has booked. It will be looked up.")
        return bill

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All bills with our key among those changed since the document was made."""
        rows = self.client.tokens(self._bills, **_since(document))
        return tuple(one for row in rows if booked.carries(row, key) and (one := booked.posted(row, _BILL)))

    def papers(self, external_id: str) -> str:
        """Where the files of a bill are told."""
        return f"{self._bills}/{quote(external_id, safe='')}/attachments"

    def attach(self, external_id: str, file: File, *, key: str) -> None:
        """Upload a file to a bill; it is there when the answer comes."""
        told = self.client.upload(self.papers(external_id), file, key=key)
        if not isinstance(told, Mapping) or not text(told.get("id")):
            raise OutcomeUnknown("Codat did not tell what became of the file. It will be looked for.")

    @property
    def _bills(self) -> str:
        return f"companies/{self.client.company}/connections/{self.client.connection}/payables/bills"


def _bill(
    document: Document,
    known: Known,
    rules: Rules,
    *,
    key: IdempotencyKey,
    reference: str,
    base: str,
    due_days: int,
) -> Payload:
    """The bill has no note, so that our mark stands in the first description."""
    marked = mapping.mark(key, reference)
    payload: Payload = {
        "reference": mapping.number(document, reference, rules.reference),
        "supplierRef": {"id": text(known.party.get("id"))},
        "issueDate": mapping.issued(document),
        "dueDate": mapping.due(document, due_days),
        "currency": document.currency,
        "currencyRate": mapping.base_rate(document, base),
        "lineItems": [
            _line(line, known, rules, document, marked if place == 0 else "")
            for place, line in enumerate(document.lines)
        ],
        "status": "Open",
    }
    return {name: value for name, value in payload.items() if value is not None}


def _line(line: Line, known: Known, rules: Rules, document: Document, marked: str) -> Payload:
    quantity, price = mapping.quantity_and_price(line)
    account, tax = known.accounts.get(line.account_code or "", {}), known.taxes.get(line.tax_code or "", {})
    nominal = text(account.get("nominalCode")) if rules.nominal else ""
    tracked = known.tracking.get(line.number, ())
    return {
        "description": mapping.description(line, document, marked=marked, longest=_LONGEST_DESCRIPTION),
        "unitAmount": price,
        "quantity": quantity,
        **({"taxAmount": line.tax} if rules.amounts else {}),
        "totalAmount": line.gross,
        "accountRef": {"id": nominal or text(account.get("id"))},
        **({"taxRateRef": {"id": text(tax.get("id"))}} if rules.rates else {}),
        **(
            {"trackingRefs": [{"id": row["id"], "dataType": "trackingCategories"} for row in tracked]}
            if tracked
            else {}
        ),
    }


def _objections(document: Document, payload: Payload, rules: Rules) -> Iterator[Objection]:
    if "dueDate" not in payload:
        message = "The invoice has no due date, and the accounting software needs it. Add it."
        yield Objection(field="due_date", message=message)
    if document.gross < ZERO:
        yield Objection(field="gross", message="The invoice is negative. Send it as a credit note.")
    if rules.most_lines is not None and len(document.lines) > rules.most_lines:
        message = f"The invoice has {len(document.lines)} lines and the accounting software takes {rules.most_lines}."
        yield Objection(field="lines", message=f"{message} Split it.")


def _since(document: Document) -> dict[str, str]:
    """A day before the document was made at its source, for clocks differ; without that moment all that are open."""
    if document.created_at is None:
        return {}
    earlier = document.created_at.astimezone(UTC) - timedelta(days=1)
    return {"query": f"sourceModifiedDate>{earlier:%Y-%m-%dT%H:%M:%S}.000Z"}
