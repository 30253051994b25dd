"""What an accountant would have entered into the demo's own books."""

from __future__ import annotations

from decimal import Decimal

from ledger.models import Books, Currency, DeliverySite, Dimension, DimensionValue

RATES = {"EUR": ("Euro", "1.134"), "USD": ("US dollar", "1.201")}
SITES = {"LON": "London", "NOR": "Norwich"}
DEPARTMENTS = {"TRN": "Training", "OPS": "Operations"}


def furnish(books: Books) -> None:
    """Currencies, delivery sites and departments."""
    for code, (name, rate) in RATES.items():
        Currency.objects.create(books=books, code=code, name=name, rate=Decimal(rate))
    for code, name in SITES.items():
        DeliverySite.objects.create(books=books, code=code, name=name, city=name, country_code="GB")
    department = Dimension.objects.create(books=books, name="Department")
    for code, name in DEPARTMENTS.items():
        DimensionValue.objects.create(dimension=department, code=code, name=name)
