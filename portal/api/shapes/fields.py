"""Moments and amounts as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

Shape = serializers.Serializer[Any]


def moment(at: datetime | None) -> str | None:
    """UTC with milliseconds: `2026-11-20T14:03:00.000Z`."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class At(serializers.DateTimeField):
    """A moment."""

    def to_representation(self, value: datetime) -> str | None:  # type: ignore[override]
        """In UTC, whatever it is in."""
        return moment(value)


@extend_schema_field({"type": "number"})
class Amount(serializers.Field[Decimal, Decimal, Decimal, Any]):
    """Money as the number that it is, with its decimals."""

    def to_representation(self, value: Decimal) -> Decimal:
        """Nothing is rounded."""
        return value


class Words(serializers.ChoiceField):
    """One of a closed set of words."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        super().__init__(choices=[(word, word) for word in words], **kwargs)
