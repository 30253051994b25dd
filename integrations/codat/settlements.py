"""Customers' payments and refunds as Codat has read them of the books, whoever wrote them.

Codat tells when it saw a change, not when somebody made it: that moment counts here, so that nothing is missed however
late it was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from urllib.parse import quote

from integrations.codat import booked, syncing, terms
from integrations.codat.client import Client, NotFetched
from integrations.codat.kinds import SHAPES
from integrations.codat.lists import ACCOUNTS, CODES, Lists, Row, code_of, is_deleted
from integrations.codat.payments import LINKS
from integrations.codat.values import ONE, ZERO, amount, currency, day, text, words
from integrations.documents import Allocation, Customer, Document, Kind, Line, Settled
from integrations.errors import Missing

_PAYMENTS: Final = SHAPES[Kind.PAYMENT].data_type
_KINDS: Final[Mapping[str, Kind]] = {name: kind for kind, name in LINKS.items()}
_MARK: Final = re.compile(r"\b[A-Z]+-\d{6,} ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b", re.IGNORECASE)
# The first reading sees everything that there ever was. A computer may be off for some days before that.
_OLDEST: Final = timedelta(days=7)
_CENT: Final = Decimal("0.01")


def settled_since(client: Client, base: str, since: datetime) -> Iterator[Settled]:
    """Every payment and refund that Codat saw new or changed at or after `since` (aware UTC), and that the books did
    not have a week before. `base` is the currency of the books.

    One that moves no money (a credit note set against an invoice) is left out, and so is a deleted one. Raises
    `Retryable` until Codat has read the payments within the last hour, and as `Client.get` else.
    """
    syncing.freshen(client, _PAYMENTS)
    told = Told(client, Lists(client), base)
    wanted = {"query": f"modifiedDate>={since:%Y-%m-%d}"}
    for row in client.pages(f"companies/{client.company}/data/{_PAYMENTS}", **wanted):
        seen_at = syncing.instant(row.get("modifiedDate"))
        written_at = syncing.instant(row.get("sourceModifiedDate")) or seen_at
        if seen_at is None or written_at is None or seen_at < since or written_at < since - _OLDEST:
            continue
        if amount(row.get("totalAmount")) and text(row.get("id")) and not is_deleted(row):
            yield Settled(document=told.document(row), written_at=seen_at, key=_key(row))


@dataclass(frozen=True, slots=True)
class Told:
    """Reads rows of payments; the documents that they settle are asked for once each."""

    client: Client
    lists: Lists
    base: str
    numbers: dict[tuple[str, str], str] = field(default_factory=dict)

    def document(self, row: Row) -> Document:
        """One payment, or refund where its total is negative."""
        total = amount(row.get("totalAmount")) or ZERO
        kind, gross, code = Kind.REFUND if total < 0 else Kind.PAYMENT, abs(total), currency(row.get("currency"))
        base = self._base_amount(row, gross, code)
        external_id = text(row.get("id"))
        return Document(
            kind=kind,
            source=terms.METADATA.slug,
            external_id=external_id,
            identity=external_id,
            number=booked.number(row, SHAPES[kind]) or external_id,
            party=_customer(row.get("customerRef")),
            currency=code or self.base,
            base_currency=self.base,
            net=gross,
            tax=ZERO,
            gross=gross,
            base_net=base,
            base_tax=None if base is None else ZERO,
            base_gross=base,
            lines=(self._line(row, kind, gross, base),),
            date=day(row.get("date")),
            created_at=syncing.instant(row.get("sourceModifiedDate")),
            allocations=tuple(self._allocations(row)),
        )

    def _base_amount(self, row: Row, gross: Decimal, code: str | None) -> Decimal | None:
        rate = ONE if code in (None, self.base) else amount(row.get("currencyRate"))
        return None if rate is None else (gross * rate).quantize(_CENT, ROUND_HALF_UP)

    def _line(self, row: Row, kind: Kind, gross: Decimal, base: Decimal | None) -> Line:
        return Line(
            number=1,
            description=words(_MARK.sub("", text(row.get("note")))) or kind.label,
            net=gross,
            tax=ZERO,
            gross=gross,
            account_code=self._account(row.get("accountRef")),
            base_net=base,
            base_tax=None if base is None else ZERO,
        )

    def _account(self, ref: object) -> str | None:
        id_ = text(ref.get("id")) if isinstance(ref, Mapping) else ""
        chart = self.lists.accounts if id_ else ()
        return next((code_of(one, chart, CODES[ACCOUNTS]) for one in chart if one.get("id") == id_), id_ or None)

    def _allocations(self, row: Row) -> Iterator[Allocation]:
        """What is paid of an invoice, or of a credit note is paid back. What a payment undoes of itself is not told."""
        for link in _links(row):
            kind, id_, part = _KINDS.get(text(link.get("type"))), text(link.get("id")), amount(link.get("amount"))
            if kind and id_ and part:
                yield Allocation(
                    kind=kind, external_id=id_, amount=abs(part), number=self._number(kind, id_), posted_as=id_
                )

    def _number(self, kind: Kind, id_: str) -> str:
        """The number of what is settled; empty where Codat has not read it."""
        form = SHAPES[kind]
        known = (form.data_type, id_)
        if known not in self.numbers:
            path = f"companies/{self.client.company}/data/{form.data_type}/{quote(id_, safe='')}"
            try:
                found = self.client.get(path)
            except (Missing, NotFetched):
                found = None
            self.numbers[known] = booked.number(found, form) if isinstance(found, Mapping) else ""
        return self.numbers[known]


def _links(row: Row) -> Iterator[Mapping[str, Any]]:
    lines = row.get("lines")
    for line in lines if isinstance(lines, list) else []:
        links = line.get("links") if isinstance(line, Mapping) else None
        yield from (one for one in (links if isinstance(links, list) else []) if isinstance(one, Mapping))


def _customer(ref: object) -> Customer:
    row: Mapping[str, Any] = ref if isinstance(ref, Mapping) else {}
    code = text(row.get("id")) or None
    return Customer(code=code, name=text(row.get("companyName")) or code or "")


def _key(row: Row) -> str:
    """Our key where it stands in a text of the payment, in lower case; the vendor's own texts have ids as well, so
    that only one behind a number of the portal counts."""
    texts = (text(row.get(name)) for name in SHAPES[Kind.PAYMENT].texts)
    found = (match for one in texts if (match := _MARK.search(one)))
    return next((match[1].lower() for match in found), "")
