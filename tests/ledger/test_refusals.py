"""What the ledger refuses to book: the sentence, the field, and that nothing was written."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.documents import Kind
from integrations.errors import Misconfigured, Rejected
from ledger.models import Account, Books, Counter, Entry, EntryLine, MemoLine, Supplier, TaxCode
from tests.factories import a_document, a_line
from tests.ledger.booked import MULTILINE, dollars, line, post
from tests.samples import settling

pytestmark = pytest.mark.engine

REFUSALS: dict[str, tuple[dict[str, Any], type[Rejected], str, str]] = {
    "unknown account": (
        {"lines": (MULTILINE[0], line(2, "9999", "T1", "1.00"))},
        Rejected,
        "lines[2].account_code",
        "Line 2: account code 9999 is not in the chart of accounts of Northgate Training Ltd.",
    ),
    "inactive account": (
        {"lines": (line(1, "9998", "T1", "1.00"),)},
        Rejected,
        "lines[1].account_code",
        "Line 1: account code 9998 (Suspense) is inactive in the books of Northgate Training Ltd.",
    ),
    "creditors control": (
        {"lines": (line(1, "2100", "T1", "1.00"),)},
        Rejected,
        "lines[1].account_code",
        "Line 1: account code 2100 (Creditors control) is kept by the ledger itself; choose another account.",
    ),
    "debtors control": (
        {"lines": (line(1, "1100", "T1", "1.00"),)},
        Rejected,
        "lines[1].account_code",
        "Line 1: account code 1100 (Debtors control) is kept by the ledger itself; choose another account.",
    ),
    "an invoice that settles": (
        {"allocations": settling("1.00", "1")},
        Rejected,
        "allocations",
        "Documents of the kind invoice settle nothing.",
    ),
    "no account": (
        {"lines": (a_line(1, account_code=None),)},
        Misconfigured,
        "defaults.account_code",
        "Line 1 has no account code. Code it at the source, or set a default account code on the connection.",
    ),
    "unknown tax code": (
        {"lines": (line(3, "5000", "T7", "1.00"),)},
        Rejected,
        "lines[3].tax_code",
        "Line 3: tax code T7 is not among the tax codes of Northgate Training Ltd.",
    ),
    "inactive tax code": (
        {"lines": (line(1, "5000", "T2", "1.00"),)},
        Rejected,
        "lines[1].tax_code",
        "Line 1: tax code T2 (Exempt) is inactive in the books of Northgate Training Ltd.",
    ),
    "no tax code": (
        {"lines": (a_line(4, tax_code=None),)},
        Misconfigured,
        "defaults.tax_code",
        "Line 4 has no tax code. Code it at the source, or set a default tax code on the connection.",
    ),
    "no tax code on a line of tax alone": (
        {"lines": (a_line(1), line(2, "5000", "", "0", "1.00"))},
        Misconfigured,
        "defaults.tax_code",
        "Line 2 has no tax code. Code it at the source, or set a default tax code on the connection.",
    ),
    "closed period": (
        {"date": date(2025, 12, 31)},
        Rejected,
        "date",
        "31 Dec 2025 is in a closed period: the books of Northgate Training Ltd are closed through 31 Dec 2025.",
    ),
    "nothing to book": (
        {"lines": (line(1, "5000", "T1", "0"), line(2, "5000", "T1", "0"))},
        Rejected,
        "gross",
        "Every amount of the document is zero, so there is nothing to book.",
    ),
    "no lines": (
        {"lines": ()},
        Rejected,
        "gross",
        "Every amount of the document is zero, so there is nothing to book.",
    ),
    "header and lines differ": (
        {"lines": MULTILINE, "net": Decimal("1174.24"), "gross": Decimal("1378.48")},
        Rejected,
        "net",
        "The document's net amount is 1174.24 GBP, but its lines add up to 1174.20 GBP; that is more than rounding.",
    ),
    "same gross, other tax": (
        {"net": Decimal("90.00"), "tax": Decimal("30.00")},
        Rejected,
        "net",
        "The document's net amount is 90.00 GBP, but its lines add up to 100.00 GBP; that is more than rounding.",
    ),
    "a line that does not add up": (
        {"lines": (a_line(1, gross=Decimal("120.02")),)},
        Rejected,
        "lines[1].gross",
        "Line 1: net 100.00 and tax 20.00 make 120.00 GBP, but the line's gross is 120.02 GBP.",
    ),
    "five decimals": (
        {"lines": (line(1, "5000", "T1", "1.00001"),)},
        Rejected,
        "lines[1].net",
        "Line 1: the net amount cannot be booked. 1.00001 has more than four decimals.",
    ),
    "another base currency": (
        {"base_currency": "EUR"},
        Rejected,
        "base_currency",
        "The document names EUR as the base currency, but the books are kept in GBP.",
    ),
    "no currency": ({"currency": ""}, Rejected, "currency", "An empty text is not an ISO currency code."),
    "foreign without base amounts": (
        {"currency": "USD"},
        Rejected,
        "lines[1].base_net",
        "Line 1 is in USD and has no amounts in GBP. No exchange rate is computed here: the sender has to state both.",
    ),
    "foreign header and lines differ": (
        {
            "currency": "USD",
            "lines": (dollars(1, "100.00", "80.00"),),
            "base_net": Decimal("80.02"),
            "base_tax": Decimal(0),
            "base_gross": Decimal("80.02"),
        },
        Rejected,
        "base_net",
        "The document's net amount is 80.02 GBP, but its lines add up to 80.00 GBP; that is more than rounding.",
    ),
    "signs contradict": (
        {"currency": "USD", "lines": (dollars(1, "100.00", "-80.00"),)},
        Rejected,
        "lines[1].base_net",
        "Line 1: the net amount is 100.00 USD, but -80.00 GBP; the signs contradict each other.",
    ),
    "two truths in one currency": (
        {"lines": (a_line(1, base_net=Decimal("90.00")),)},
        Rejected,
        "lines[1].base_net",
        "Line 1: the net amount is 100.00 GBP, but its base amount is 90.00 GBP.",
    ),
    "an endless number": (
        {"supplier_reference": "X" * 101},
        Rejected,
        "supplier_reference",
        "The document's supplier reference is longer than 100 characters.",
    ),
    "another kind": (
        {"kind": Kind.PURCHASE_ORDER},
        Rejected,
        "kind",
        "The ledger does not book documents of the kind Purchase order.",
    ),
}


@pytest.fixture
def strict_books(books: Books) -> Books:
    """Books with a closed year, an inactive account and an inactive tax code."""
    Account.objects.filter(books=books, code="9998").update(active=False)
    TaxCode.objects.filter(books=books, code="T2").update(active=False)
    books.closed_through = date(2025, 12, 31)
    books.save()
    return books


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_names_the_fault_and_writes_nothing(strict_books: Books, name: str) -> None:
    changes, error, field, message = REFUSALS[name]
    with pytest.raises(Rejected) as caught:
        post(strict_books, a_document(**changes))
    assert (type(caught.value), caught.value.field, caught.value.message) == (error, field, message)
    assert (Entry.objects.count(), EntryLine.objects.count(), MemoLine.objects.count()) == (0, 0, 0)
    assert Supplier.objects.count() == 0
    assert set(Counter.objects.values_list("last", flat=True)) == {0}


def test_the_day_after_the_closed_period_is_open(strict_books: Books) -> None:
    assert post(strict_books, a_document(date=date(2026, 1, 1))).number == "JNL-000001"
