"""A customer's payment or refund as Codat takes it: pure functions.

One type of data holds both (A23, the description of the schema): the total is negative where money goes back. Each line
is so much of it, and its link says what that settles, with the other sign, so that both add up to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.codat import mapping, terms
from integrations.codat.codes import Known
from integrations.codat.kinds import Payload, Shape
from integrations.codat.options import Model
from integrations.codat.values import ZERO, moment, plain, text, words
from integrations.documents import Allocation, Document, IdempotencyKey, Kind
from integrations.previewing import Objection

ON_ACCOUNT: Final = "PaymentOnAccount"
LINKS: Final[Mapping[Kind, str]] = {Kind.SALES_INVOICE: "Invoice", Kind.SALES_CREDIT_NOTE: "CreditNote"}
"""The vendor's word for what is settled."""
# What each of the two can be allocated to: money that came in, and money that went back.
_SETTLES: Final[Mapping[Kind, Kind]] = {
    Kind.PAYMENT: Kind.SALES_INVOICE,
    Kind.REFUND: Kind.SALES_CREDIT_NOTE,
}
_TYPE: Final = "lines.links.type"

Part = tuple[str, str, Decimal]
"""So much of a payment: the type of link, the id of what is settled, the amount without a sign."""


def pushed(
    document: Document, known: Known, model: Model, shape: Shape, *, key: IdempotencyKey, reference: str, base: str
) -> Payload:
    """Everything that a push of this payment can carry; the platform's model says what of it goes out.

    Our mark stands in the note, or where that is missing or too short in the reference; where neither has room, only
    the portal's number stands there, and no lookup finds the payment.
    """
    account = known.accounts.get(document.lines[0].account_code or "", {}) if document.lines else {}
    total = document.gross if document.kind is Kind.PAYMENT else -document.gross
    return {
        shape.party: mapping.party(known, shape),
        "accountRef": {"id": account.get("id"), "name": account.get("name")},
        "totalAmount": total,
        "currency": document.currency,
        "currencyRate": mapping.pushed_rate(document, model, base),
        "date": mapping.issued(document),
        **_marked(document, model, key, reference),
        "lines": _lines(document, known, model),
    }


def objections(document: Document, model: Model, settings: Mapping[str, str]) -> Iterator[Objection]:
    """What stands against what a payment settles. The rest is read from the options like that of any document."""
    for place, one in enumerate(document.allocations):
        if message := _against(document, one, settings):
            yield Objection(field=f"allocations[{place}]", message=message)
    together = sum((one.amount for one in document.allocations), ZERO)
    if together > document.gross:
        word = document.kind.label.lower()
        message = f"The {word} comes to {plain(document.gross)}, and {plain(together)} of it are allocated. Change it."
        yield Objection(field="allocations", message=message)
    yield from _of_types(document, model)


def _against(document: Document, one: Allocation, settings: Mapping[str, str]) -> str:
    """What stands against one allocation; empty where nothing does."""
    what, ours = called(one), document.kind.label.lower()
    if one.kind is _SETTLES[document.kind]:
        if not one.posted_as:
            return f"The {what} is not in the accounting software yet. Post it first."
        return "" if one.amount > 0 else f"The {ours} settles {plain(one.amount)} of the {what}. Give it a share of it."
    if document.kind is Kind.REFUND and one.kind is Kind.SALES_INVOICE:
        return "" if _is_on_account(settings) else _NOT_TAKEN_BACK.format(what=what)
    return f"A {ours} cannot settle the {what} through Codat. Enter it in the accounting software by hand."


_NOT_TAKEN_BACK: Final = (
    "The refund takes back what was paid on the {what}, and Codat refunds only a credit note or what stands on the "
    "customer's account. Have refunds of invoices booked on account in the settings, or enter it by hand."
)


def called(one: Allocation) -> str:
    """What people call the document that is settled."""
    return f"{one.kind.label.lower()} {one.number or one.external_id}"


def _is_on_account(settings: Mapping[str, str]) -> bool:
    return settings.get(terms.REFUNDS) == terms.ON_ACCOUNT


def _lines(document: Document, known: Known, model: Model) -> list[Payload]:
    """A line for each part, or one with all the links where the platform takes one line only."""
    sign = 1 if document.kind is Kind.PAYMENT else -1
    day = None if document.day is None else moment(document.day)
    links = [
        {"type": type_, "id": id_ or None, "amount": -sign * amount} for type_, id_, amount in _parts(document, known)
    ]
    groups = [links] if model.takes_one_line else [[one] for one in links]
    return [{"amount": -_total(group), "links": group, "allocatedOnDate": day} for group in groups]


def _total(links: list[dict[str, Any]]) -> Decimal:
    return sum((one["amount"] for one in links), ZERO)


def _parts(document: Document, known: Known) -> list[Part]:
    """What is allocated, and the rest on the customer's account, whose link is the customer (A23)."""
    settles = _SETTLES[document.kind]
    parts = [(LINKS[one.kind], one.posted_as, one.amount) for one in document.allocations if one.kind is settles]
    rest = document.gross - sum((amount for _, _, amount in parts), ZERO)
    return [*parts, (ON_ACCOUNT, text(known.party.get("id")), rest)] if rest > 0 else parts


def _of_types(document: Document, model: Model) -> Iterator[Objection]:
    """A platform may take payments of invoices only."""
    choices, settles = model.rule(_TYPE).choices, _SETTLES[document.kind]
    if not choices:
        return
    ours = document.kind.label.lower()
    has_rest = document.gross > sum((one.amount for one in document.allocations if one.kind is settles), ZERO)
    wanted = {LINKS[one.kind] for one in document.allocations if one.kind is settles}
    if wanted - set(choices):
        message = f"The accounting software takes no {ours} of a {settles.label.lower()} through Codat. Enter it there."
        yield Objection(field="allocations", message=message)
    if has_rest and ON_ACCOUNT not in choices:
        message = f"The accounting software takes no {ours} on account through Codat. Allocate all of it."
        yield Objection(field="allocations", message=message)


def _marked(document: Document, model: Model, key: IdempotencyKey, reference: str) -> Payload:
    """Our mark in one of the two texts, and the source's number in the other."""
    marked, own = mapping.mark(key, reference), document.number or reference
    if _has_room(model, "note", marked):
        title = " ".join(dict.fromkeys(line.description for line in document.lines if line.description))
        told = {"note": words(f"{marked} {title}", model.longest("note"))}
        return {**told, "reference": words(own, model.longest("reference"))} if model.has_free_reference else told
    if model.has_free_reference and _has_room(model, "reference", marked):
        return {"reference": marked, "note": words(own, model.longest("note"))}
    return {name: words(reference, model.longest(name)) for name in ("note", "reference") if _is_ours(model, name)}


def _has_room(model: Model, name: str, marked: str) -> bool:
    longest = model.longest(name)
    return model.has(name) and (longest is None or longest >= len(marked))


def _is_ours(model: Model, name: str) -> bool:
    return model.has_free_reference if name == "reference" else model.has(name)
