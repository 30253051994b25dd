"""Documents to what Odoo loads, and its records back. Pure functions; the words are in README.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.documents import Company, Document, IdempotencyKey, Kind, Line, Posted, Written
from integrations.errors import Rejected
from integrations.odoo.client import MODULE, Row
from integrations.odoo.codes import Known, Tax, coded
from integrations.odoo.values import amount, day, label, plain, record_id, text, words

_HUNDREDTHS: Final = 2
_RATE_DIGITS: Final = Decimal("1.0000000000")
_ORIGIN: Final = " / "


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A kind of document in Odoo: its model, what books a draft, what removes one, and how its states read."""

    model: str
    confirm: str
    discard: tuple[str, ...]
    booked: frozenset[str]
    fields: tuple[str, ...]
    move_type: str = ""


_AMOUNTS: Final = ("amount_untaxed", "amount_tax", "amount_total")
_MOVE: Final = ("name", "state", "move_type", "partner_id", "currency_id", "date", "invoice_origin", *_AMOUNTS)
_ORDER: Final = ("name", "state", "partner_id", "currency_id", "date_order", "origin", *_AMOUNTS)


def _move(move_type: str) -> Form:
    return Form(
        model="account.move",
        confirm="action_post",
        discard=("unlink",),
        booked=frozenset({"posted"}),
        fields=_MOVE,
        move_type=move_type,
    )


FORMS: Final[Mapping[Kind, Form]] = {
    Kind.INVOICE: _move("in_invoice"),
    Kind.CREDIT_NOTE: _move("in_refund"),
    Kind.SALES_INVOICE: _move("out_invoice"),
    Kind.SALES_CREDIT_NOTE: _move("out_refund"),
    Kind.PAYMENT: _move("entry"),
    Kind.REFUND: _move("entry"),
    Kind.PURCHASE_ORDER: Form(
        model="purchase.order",
        confirm="button_confirm",
        discard=("button_cancel", "unlink"),
        booked=frozenset({"purchase", "done", "to approve"}),
        fields=_ORDER,
    ),
}
BY_MODEL: Final[Mapping[str, Form]] = {one.model: one for one in FORMS.values()}
CANCELLED: Final = "cancel"
ENTRY: Final = "entry"
MONEY: Final = frozenset({Kind.PAYMENT, Kind.REFUND})
"""Customers' money: entries of the ledger. An entry does not tell which of the two it is."""
_KINDS: Final[Mapping[str, Kind]] = {one.move_type: kind for kind, one in FORMS.items() if kind not in MONEY}


def form(kind: Kind) -> Form:
    """How documents of `kind` are written. Raises `Rejected` for a kind that Odoo is not given."""
    if kind not in FORMS:
        raise Rejected(f"Odoo does not take documents of the kind {kind.label.lower()}.", field="kind")
    return FORMS[kind]


# --- documents -------------------------------------------------------------------------------------------------------


def table(
    document: Document, known: Known, *, key: IdempotencyKey, reference: str
) -> tuple[list[str], list[list[str]]]:
    """The fields and rows of a `load`: the first row is the document with its first line, each further one a line.

    External ids are made of the key, for the lines too: a second load of a draft would add the lines again without.
    """
    head = (
        _order(document, known, reference)
        if document.kind is Kind.PURCHASE_ORDER
        else _bill(document, known, reference)
    )
    name = f"{MODULE}.{key.value}"
    head = {"id": name, **head}
    lines = [_line(document, known, line, f"{name}_{place}") for place, line in enumerate(document.lines, start=1)]
    rows = [[*(head.values() if place == 0 else [""] * len(head)), *line.values()] for place, line in enumerate(lines)]
    return [*head, *lines[0]], rows


def _bill(document: Document, known: Known, reference: str) -> dict[str, str]:
    day = day_of(document)
    return {
        "move_type": FORMS[document.kind].move_type,
        "partner_id/.id": str(known.partner),
        "currency_id/.id": str(known.currency),
        "invoice_date": day,
        "date": day,
        **_due(document),
        "ref": words((not document.kind.is_sale and document.supplier_reference) or document.number),
        "invoice_origin": origin(document, reference),
        **({"invoice_currency_rate": rate} if (rate := _rate(document)) else {}),
    }


def _due(document: Document) -> dict[str, str]:
    """The day on which it is due, with the party's payment terms set aside: Odoo would take theirs."""
    if document.due_date is None:
        return {}
    return {"invoice_payment_term_id/.id": "", "invoice_date_due": document.due_date.isoformat()}


def _order(document: Document, known: Known, reference: str) -> dict[str, str]:
    return {
        "partner_id/.id": str(known.partner),
        "currency_id/.id": str(known.currency),
        # Noon in UTC is the same day in nearly every zone in which Odoo may show it.
        "date_order": f"{day_of(document)} 12:00:00",
        "partner_ref": words(document.supplier_reference or document.number),
        "origin": origin(document, reference),
    }


def _line(document: Document, known: Known, line: Line, name: str) -> dict[str, str]:
    is_order = document.kind is Kind.PURCHASE_ORDER
    quantity, price = _times(line)
    tax = known.taxes[coded(line, "tax")]
    if is_order:
        told = {"product_id/.id": str(known.product), "product_qty": plain(quantity)}
    else:
        told = {"account_id/.id": str(known.accounts[coded(line, "account")]), "quantity": plain(quantity)}
    told |= {"name": words(line.description) or f"Line {line.number}", "price_unit": plain(price)}
    # Always there: without this column Odoo would add the default tax of the account or the product.
    told |= {"tax_ids/.id": str(tax.id)}
    lines = "order_line" if is_order else "invoice_line_ids"
    return {f"{lines}/id": name, **{f"{lines}/{field}": value for field, value in told.items()}}


def _times(line: Line) -> tuple[Decimal, Decimal]:
    """Quantity and price where Odoo, which keeps two decimals of each, comes to the net; else once the net."""
    quantity, price = line.quantity, line.unit_price
    if quantity and price is not None and quantity * price == line.net and _is_short(quantity) and _is_short(price):
        return quantity, price
    return Decimal(1), line.net


def _is_short(value: Decimal) -> bool:
    return value == round(value, _HUNDREDTHS)


def day_of(document: Document) -> str:
    """The date to book on. Raises `Rejected` for a document without any."""
    if document.day is None:
        raise Rejected("The document has no date, and Odoo wants one.", field="date")
    return document.day.isoformat()


def _rate(document: Document) -> str:
    """How many units of the document's currency the source took for one of the company's; empty where it is Odoo's."""
    if document.currency == document.base_currency or not document.base_gross or not document.gross:
        return ""
    return plain((document.gross / document.base_gross).quantize(_RATE_DIGITS))


def origin(document: Document, reference: str) -> str:
    """The portal's number, the source's and the order's."""
    return words(_ORIGIN.join(filter(None, (reference, words(document.number, 60), words(document.order_number, 60)))))


def stated_tax(document: Document, known: Mapping[str, Tax], draft: Row) -> dict[str, object] | None:
    """The tax of the source where Odoo came to another, as the change that states it; None where nothing differs.

    Odoo sums tax up by groups of taxes. A group that it put no tax line into cannot be given one: that stays as it is.
    """
    wanted: dict[int, Decimal] = defaultdict(Decimal)
    for line in document.lines:
        wanted[known[coded(line, "tax")].group] += line.tax
    computed = _tax_groups(draft.get("tax_totals"))
    changed = {group: amount for group, amount in wanted.items() if group in computed and computed[group] != amount}
    if not changed:
        return None
    groups = [{"id": group, "tax_amount_currency": amount} for group, amount in changed.items()]
    return {"tax_totals": {"subtotals": [{"tax_groups": groups}]}}


def _tax_groups(totals: object) -> dict[int, Decimal]:
    subtotals = totals.get("subtotals") if isinstance(totals, Mapping) else None
    groups: list[Any] = []
    for one in subtotals if isinstance(subtotals, list) else []:
        groups += one.get("tax_groups") or []
    return {record_id(one.get("id")): amount(one.get("tax_amount_currency")) or Decimal(0) for one in groups}


# --- answers ---------------------------------------------------------------------------------------------------------


def posted(row: Row, codes_of_partners: Mapping[int, str]) -> Posted:
    """A document as Odoo tells it; its id is known to be there. What cannot be read counts as not told.

    An entry has a total, and no net of its own.
    """
    total = amount(row.get("amount_total"))
    is_entry = row.get("move_type") == ENTRY
    return Posted(
        external_id=str(row["id"]),
        number=text(row.get("name")) or "",
        supplier_code=codes_of_partners.get(record_id(row.get("partner_id"))),
        net=total if is_entry else amount(row.get("amount_untaxed")),
        tax=amount(row.get("amount_tax")),
        gross=total,
        currency=label(row.get("currency_id")),
        date=day(row.get("date") or row.get("date_order")),
    )


def written(key: str, row: Row, codes_of_partners: Mapping[int, str]) -> Written:
    """A document of a listing."""
    source = text(row.get("invoice_origin")) or text(row.get("origin")) or ""
    return Written(
        key=key,
        posted=posted(row, codes_of_partners),
        kind=_KINDS.get(text(row.get("move_type")) or ""),
        reference=source.partition(_ORIGIN)[0],
    )


def company(row: Row) -> Company:
    """The company behind a connection."""
    return Company(
        external_id=str(row["id"]),
        name=text(row.get("name")) or "",
        base_currency=label(row.get("currency_id")) or "",
        registration=text(row.get("company_registry")) or text(row.get("vat")) or "",
    )
