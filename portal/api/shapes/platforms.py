"""What the API tells of the accounting systems behind an integration that stands for many."""

from __future__ import annotations

from typing import Any, Final

from rest_framework import serializers

from integrations.documents import Kind
from portal.api.paging import NumberedPage
from portal.api.shapes.fields import Shape, Words
from portal.api.shapes.integrations import DOCUMENT_TYPES
from portal.connections.choosing import Card

EXAMPLE: Final[dict[str, Any]] = {
    "key": "gbol",
    "name": "Xero",
    "settings": {"platform": "gbol"},
    "enabled": True,
    "takes": ["purchaseOrders", "bills", "billCreditNotes"],
    "isDesktop": False,
    "isBeta": False,
}


class Platform(Shape):
    """One accounting system behind an integration."""

    key = serializers.CharField()
    name = serializers.CharField()
    settings = serializers.DictField(
        child=serializers.CharField(), help_text="What a new connection to it is begun with, as its `settings`."
    )
    enabled = serializers.BooleanField(help_text="Whether it takes any document, so that it can be chosen.")
    takes = serializers.ListField(child=Words(*DOCUMENT_TYPES.values()), help_text="What can be posted into it.")
    isDesktop = serializers.BooleanField(help_text="Whether it runs on a computer of the company.")  # noqa: N815
    isBeta = serializers.BooleanField()  # noqa: N815


class Platforms(NumberedPage):
    """A page of platforms."""

    results = Platform(many=True)


def platform_json(card: Card) -> dict[str, Any]:
    """One of them."""
    return {
        "key": card.key,
        "name": card.name,
        "settings": dict(card.settings),
        "enabled": bool(card.can.kinds),
        "takes": [DOCUMENT_TYPES[kind] for kind in Kind if kind in card.can.kinds],
        "isDesktop": card.is_desktop,
        "isBeta": card.is_beta,
    }
