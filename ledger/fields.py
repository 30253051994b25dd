"""The one money field: `Decimal` in Python, whole ten-thousandths in the database.

SQLite keeps decimals as floats, so sums over them drift; integers do not, on any database.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import Combinable, register_combinable_fields
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    Field = models.Field
else:

    class Field(models.Field):
        """Django's fields cannot be subscripted at run time, only in their stubs."""

        def __class_getitem__(cls, _: object) -> type[models.Field]:
            return cls


PLACES = 4
SCALE = 10_000
LARGEST_UNITS = 2**63 - 1
DIGITS = len(str(LARGEST_UNITS))

SetT_contra = TypeVar("SetT_contra", contravariant=True)
GetT_co = TypeVar("GetT_co", covariant=True)


def ten_thousandths(value: Decimal | int) -> int:
    """The amount as whole ten-thousandths: `Decimal("12.5")` gives 125000. Exact, whatever the decimal context.

    Raises `ValueError` for more than four decimals, NaN, infinity, or more than a 64-bit column holds (beyond
    922,337,203,685,477.5807 on either side), and `TypeError` for a float, a bool or anything else.
    """
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise TypeError(f"Money is a Decimal or an int, not {type(value).__name__}.")
    amount = Decimal(value)
    if not amount.is_finite():
        raise ValueError(f"{amount} is not an amount of money.")
    if amount.adjusted() >= DIGITS - PLACES:
        raise ValueError(f"{amount} is too large for an amount of money.")
    return _exact_units(amount)


def _exact_units(amount: Decimal) -> int:
    # An exponent such as -999999 would make the ratio below enormous; it cannot be four decimals unless it is zero.
    too_small = amount.adjusted() < -PLACES and amount != 0
    numerator, denominator = (1, 2 * SCALE) if too_small else amount.as_integer_ratio()
    units, rest = divmod(numerator * SCALE, denominator)
    if rest:
        raise ValueError(f"{amount} has more than four decimals.")
    if abs(units) > LARGEST_UNITS:
        raise ValueError(f"{amount} is too large for an amount of money.")
    return units


def from_ten_thousandths(units: int) -> Decimal:
    """The inverse of `ten_thousandths`: 125000 gives `Decimal("12.50")`; two decimals, or four where two do not do."""
    if units % 100 == 0:
        return Decimal(f"{units // 100}e-2")
    return Decimal(f"{units}e-{PLACES}")


class MoneyField(Field[SetT_contra, GetT_co]):
    """An amount with up to four decimals. Its currency stands in a field beside it.

    Takes `Decimal`, `int`, or a plain number as text (forms, fixtures); a float is refused and nothing is ever rounded:
    `ValidationError` where a person validates, `ValueError` or `TypeError` where code saves or filters. Gives
    `Decimal`, also from `Sum`, `Min`, `Max` and from `F("a") + F("b")` or `F("a") - F("b")` of two money fields.
    An average is refused, for it would have to round.
    """

    description = _("An amount of money, up to four decimals")
    default_error_messages: ClassVar = {"invalid": _("“%(value)s” is not an amount with up to four decimals.")}
    if TYPE_CHECKING:
        _pyi_private_set_type: Decimal | int | str | Combinable
        _pyi_private_get_type: Decimal
        _pyi_lookup_exact_type: Decimal | int | str

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """The column type of a big integer."""
        return str(connection.data_types["BigIntegerField"])

    def to_python(self, value: Any) -> Decimal | None:
        """Any accepted input as a `Decimal`. Raises `ValidationError`."""
        if value is None:
            return None
        try:
            return from_ten_thousandths(ten_thousandths(_parsed(value)))
        except (TypeError, ValueError) as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": value}) from error

    def get_prep_value(self, value: Any) -> Any:
        """An int for the database; None and expressions as they are. Raises `ValueError` or `TypeError`."""
        value = super().get_prep_value(value)
        if value is None or isinstance(value, Combinable):
            return value
        try:
            return ten_thousandths(_parsed(value))
        except (TypeError, ValueError) as error:
            raise type(error)(f"Field {self.name!r}: {error}") from error

    def from_db_value(self, value: Any, *_: object) -> Decimal | None:
        """PostgreSQL sums big integers as numeric, hence the Decimal. Raises `TypeError` for an average."""
        if value is None:
            return None
        if int(value) != value or isinstance(value, float):
            raise TypeError(
                f"Field {self.name!r}: {value!r} is no whole number of ten-thousandths; averages are not exact."
            )
        return from_ten_thousandths(int(value))

    def formfield(self, *_: Any, **kwargs: Any) -> forms.Field | None:
        """A decimal input with steps of a ten-thousandth."""
        options = {"form_class": forms.DecimalField, "max_digits": DIGITS, "decimal_places": PLACES, **kwargs}
        return super().formfield(**options)


def _parsed(value: Any) -> Any:
    """Text as a Decimal; everything else as it is. Decimal alone would also read `1_000` and Arabic digits."""
    if not isinstance(value, str):
        return value
    if not value.isascii() or "_" in value:
        raise ValueError(f"{value!r} is not a plain number.")
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a number.") from error


for _connector in (Combinable.ADD, Combinable.SUB):
    register_combinable_fields(MoneyField, _connector, MoneyField, MoneyField)
