"""What the API tells of reference data."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from portal.api.paging import Cursor, CursorPage
from portal.api.shapes.fields import At, Shape, Words, moment
from portal.api.strict import Choice, Line, Moment, Truth
from portal.reference.models import Record

ACTIVE, ARCHIVED = "Active", "Archived"
ORDERS: Final = {"code": ("dimension", "code", "id"), "modifiedDate": ("changed_at", "id")}


class RecordOfType(Shape):
    """One row of reference data as the accounting system told it last."""

    id = serializers.CharField(help_text="The accounting system's own id.")
    code = serializers.CharField(help_text="What documents name it by; empty only where the system itself has none.")
    name = serializers.CharField()
    status = Words(ACTIVE, ARCHIVED, help_text="Archived: not in use any more there, or gone.")
    category = serializers.CharField(help_text="The dimension that a tracking category's value belongs to, else empty.")
    details = serializers.DictField(
        child=serializers.CharField(allow_blank=True),
        help_text=(
            "What else is known, as texts: of a supplier its taxNumber, email, phone, address and bank, of a tax rate "
            "its rate in per cent, of a currency its rate."
        ),
    )
    modifiedDate = At(help_text="When it was last seen to be different.")  # noqa: N815


class RecordsOfType(CursorPage):
    """A part of a list of reference data."""

    results = RecordOfType(many=True)


class RecordQuery(Cursor):
    """Which records."""

    code = Line(required=False, max_length=200, help_text="Only the one with this code, letter by letter.")
    status = Choice((ACTIVE, ARCHIVED), required=False, help_text="Only those in use, or only the others.")
    isActive = Truth(required=False, help_text="The same as `status`, as true or false.")  # noqa: N815
    category = Line(required=False, max_length=200, help_text="Only values of this dimension.")
    modifiedSince = Moment(required=False, help_text="Only those that were different from then on.")  # noqa: N815
    orderBy = Choice(  # noqa: N815
        [sign + name for name in ORDERS for sign in ("", "-")], default="code", help_text="A hyphen turns it round."
    )


def record_json(record: Record) -> dict[str, Any]:
    """One of them."""
    return {
        "id": record.external_id,
        "code": record.code,
        "name": record.name,
        "status": ACTIVE if record.is_active else ARCHIVED,
        "category": record.dimension,
        "details": {_camel(name): str(value) for name, value in record.details.items()},
        "modifiedDate": moment(record.changed_at),
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
