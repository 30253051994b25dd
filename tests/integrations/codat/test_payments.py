"""What a payment or a refund becomes on its way to a platform, and what stands against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from integrations.codat import fitting, options, payments
from integrations.codat.booked import carries, posted
from integrations.codat.codes import Known
from integrations.codat.kinds import SHAPES
from integrations.documents import Allocation, Document, Kind, Posted
from integrations.previewing import Objection
from tests.integrations.codat.conversation import ACCOUNTS, BODIES, CUSTOMER, MARK, member, payment_options
from tests.samples import KEY, MONEY, REFERENCE, sale, settling

KNOWN = Known(party=CUSTOMER, accounts={str(row["nominalCode"]): row for row in ACCOUNTS})
INVOICE = Kind.SALES_INVOICE
CREDIT = Allocation(
    kind=Kind.SALES_CREDIT_NOTE, external_id="c1", amount=Decimal("70.50"), number="CN-7", posted_as="n1"
)


def sent(document: Document, told: Mapping[str, Any]) -> dict[str, Any]:
    """The push of a payment to a platform with these options."""
    form, model = SHAPES[document.kind], options.read(told)
    full = payments.pushed(document, KNOWN, model, form, key=KEY, reference=REFERENCE, base="GBP")
    return fitting.fitted(full, model, form)


def parts(document: Document, told: Mapping[str, Any] | None = None) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Its lines: the amount, and type, id and amount of each link."""
    lines = sent(document, payment_options() if told is None else told)["lines"]
    return [
        (f"{line['amount']:f}", [(one["type"], one.get("id", ""), f"{one['amount']:f}") for one in line["links"]])
        for line in lines
    ]


def against(
    document: Document, told: Mapping[str, Any] | None = None, settings: Mapping[str, str] | None = None
) -> list[Objection]:
    """What stands against what it settles."""
    model = options.read(payment_options() if told is None else told)
    return list(payments.objections(document, model, settings or {}))


@pytest.mark.parametrize(("kind", "body"), [(Kind.PAYMENT, "payments"), (Kind.REFUND, "refunds")])
def test_money_that_settles_nothing_stands_on_the_customers_account(kind: Kind, body: str) -> None:
    assert sent(sale(kind), payment_options()) == BODIES[body]


def test_each_invoice_gets_a_line_and_the_rest_one_on_account() -> None:
    document = sale(Kind.PAYMENT, allocations=settling("60.00", "i1", "i2"))
    assert parts(document) == [
        ("60.00", [("Invoice", "i1", "-60.00")]),
        ("60.00", [("Invoice", "i2", "-60.00")]),
        ("50.50", [("PaymentOnAccount", "HARB01", "-50.50")]),
    ]


def test_a_platform_of_one_line_gets_all_links_in_it() -> None:
    one = member("Array", "Only one line may be specified", amount=member("Number"), links=payment_links())
    document = sale(Kind.PAYMENT, allocations=settling("85.25", "i1", "i2"))
    assert parts(document, payment_options(lines=one)) == [
        ("170.50", [("Invoice", "i1", "-85.25"), ("Invoice", "i2", "-85.25")])
    ]


def test_a_refund_of_a_credit_note_goes_the_other_way() -> None:
    assert parts(sale(Kind.REFUND, allocations=(CREDIT,))) == [
        ("-70.50", [("CreditNote", "n1", "70.50")]),
        ("-100.00", [("PaymentOnAccount", "HARB01", "100.00")]),
    ]


def test_a_refund_of_an_invoice_is_refused_or_booked_on_account_as_the_settings_say() -> None:
    document = sale(Kind.REFUND, allocations=settling("170.50", "i1"))
    (found,) = against(document)
    assert found.field == "allocations[0]"
    assert "what was paid on the sales invoice INV-2024-0001" in found.message
    assert against(document, settings={"refunds": "on_account"}) == []
    assert parts(document) == [("-170.50", [("PaymentOnAccount", "HARB01", "170.50")])]


@pytest.mark.parametrize(
    ("document", "field", "words"),
    [
        (sale(Kind.PAYMENT, allocations=settling("10.00", "")), "allocations[0]", "INV-2024-0001 is not in the"),
        (sale(Kind.PAYMENT, allocations=settling("0.00", "i1")), "allocations[0]", "settles 0 of the sales invoice"),
        (sale(Kind.PAYMENT, allocations=(CREDIT,)), "allocations[0]", "cannot settle the sales credit note CN-7"),
        (sale(Kind.PAYMENT, allocations=settling("100.00", "i1", "i2")), "allocations", "170.5, and 200 of it"),
    ],
)
def test_what_cannot_be_settled_is_told_before_anything_is_sent(document: Document, field: str, words: str) -> None:
    (found,) = against(document)
    assert found.field == field
    assert words in found.message


@pytest.mark.parametrize(
    ("document", "types", "words"),
    [
        (sale(Kind.PAYMENT), ("Invoice",), "takes no payment on account"),
        (sale(Kind.PAYMENT, allocations=settling("170.50", "i1")), ("Invoice",), ""),
        (sale(Kind.REFUND, allocations=(CREDIT,)), ("Invoice", "PaymentOnAccount"), "no refund of a sales credit note"),
    ],
)
def test_a_platform_may_take_some_links_only(document: Document, types: tuple[str, ...], words: str) -> None:
    told = payment_options(lines=member("Array", amount=member("Number"), links=payment_links(*types)))
    found = against(document, told)
    assert [words in one.message for one in found] == ([True] if words else [])


@pytest.mark.parametrize(
    ("changes", "note", "reference"),
    [
        ({}, f"{MARK} BACS", "BACS 14/03"),
        ({"reference": None}, f"{MARK} BACS", None),
        ({"reference": member("String", "The id format should be 'location-<NUMBER>'")}, f"{MARK} BACS", None),
        ({"reference": member("String", "Max length of 4 characters.")}, f"{MARK} BACS", "BACS"),
        ({"note": None}, None, MARK),
        ({"note": member("String", "Should not be longer than 25 characters.")}, "BACS 14/03", MARK),
        ({"note": member("String", "25 characters"), "reference": None}, "P-000001", None),
        ({"note": None, "reference": None}, None, None),
    ],
)
def test_our_mark_stands_in_the_note_or_else_in_the_reference(
    changes: dict[str, Any], note: str | None, reference: str | None
) -> None:
    body = sent(sale(Kind.PAYMENT), payment_options(**changes))
    assert (body.get("note"), body.get("reference")) == (note, reference)


def test_a_foreign_payment_goes_out_with_its_rate() -> None:
    line = replace(MONEY, base_net=Decimal("142.00"), base_tax=Decimal(0))
    document = sale(Kind.PAYMENT, currency="USD", lines=(line,), base_gross=Decimal("142.00"))
    body = sent(document, payment_options())
    assert (body["currency"], body["currencyRate"]) == ("USD", Decimal("0.832844575"))


@pytest.mark.parametrize("total", ["170.50", "-170.50"])
def test_a_payment_is_read_back_without_a_sign_and_without_tax(total: str) -> None:
    row = {
        "id": "p1", "reference": MARK, "customerRef": {"id": "HARB01"}, "totalAmount": Decimal(total),
        "currency": "GBP", "date": "2024-03-14T00:00:00",
    }  # fmt: skip
    form, amount = SHAPES[Kind.REFUND], Decimal("170.50")
    assert posted(row, form) == Posted(
        external_id="p1", number="P-000001", supplier_code="HARB01", net=amount, tax=Decimal(0), gross=amount,
        currency="GBP", date=sale().date,
    )  # fmt: skip
    assert carries(row, KEY, form.texts)
    assert not carries({**row, "reference": "P-000001"}, KEY, form.texts)


def payment_links(*types: str) -> dict[str, Any]:
    """The member `links`, with the types that are taken; none says that all are."""
    kinds = {**member(), **({"options": [{"value": one} for one in types]} if types else {})}
    return member("Array", type=kinds, id=member(), amount=member("Number"))
