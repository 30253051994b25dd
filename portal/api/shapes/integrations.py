"""What the API tells of integrations, and the words that it shares with Codat for kinds of data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from rest_framework import serializers

from integrations.base import AccountingSystem, Source, System
from integrations.documents import Kind
from integrations.metadata import Setting
from integrations.reference import RecordKind
from portal.api.paging import NumberedPage
from portal.api.shapes.fields import Shape, Words
from portal.connections.access.installation import is_offered
from portal.connections.registry import sources

ACCOUNTING: Final = "Accounting"
EXPENSE: Final = "Expense"
COMMERCE: Final = "Commerce"
SOURCE_TYPES: Final = (ACCOUNTING, EXPENSE, COMMERCE)
SOLD: Final = frozenset({Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE, Kind.PAYMENT, Kind.REFUND})
DATA_TYPES: Final[dict[RecordKind, str]] = {
    RecordKind.SUPPLIER: "suppliers",
    RecordKind.ACCOUNT: "chartOfAccounts",
    RecordKind.TAX: "taxRates",
    RecordKind.CURRENCY: "currencies",
    RecordKind.DELIVERY_SITE: "deliverySites",
    RecordKind.DIMENSION: "trackingCategories",
}
"""Codat's words where it has some."""
DOCUMENT_TYPES: Final[dict[Kind, str]] = {
    Kind.PURCHASE_ORDER: "purchaseOrders",
    Kind.INVOICE: "bills",
    Kind.CREDIT_NOTE: "billCreditNotes",
    Kind.RECEIPT: "itemReceipts",
    Kind.SALES_INVOICE: "invoices",
    Kind.SALES_CREDIT_NOTE: "creditNotes",
    Kind.PAYMENT: "payments",
    Kind.REFUND: "refunds",
}
GET, POST, PUT, UPLOAD = "Get", "Post", "Put", "UploadAttachment"
FEATURES: Final = (GET, POST, PUT, UPLOAD)


class Feature(Shape):
    """One thing that can be done with a kind of data there."""

    featureType = Words(*FEATURES)  # noqa: N815
    featureState = Words("Release")  # noqa: N815


class DatatypeFeatures(Shape):
    """What can be done with one kind of data."""

    dataType = Words(*DATA_TYPES.values(), *DOCUMENT_TYPES.values())  # noqa: N815
    supportedFeatures = Feature(many=True)  # noqa: N815


class Option(Shape):
    """One of the values that a setting may have."""

    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class SettingOfIntegration(Shape):
    """One setting that a connection needs. A secret is written and never read."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    help = serializers.CharField()
    isSecret = serializers.BooleanField()  # noqa: N815
    isRequired = serializers.BooleanField()  # noqa: N815
    default = serializers.CharField()
    options = Option(many=True, help_text="Empty: any text.")


class Integration(Shape):
    """A kind of outside system that companies can be linked to."""

    key = serializers.CharField(help_text="What connections are made with, as `platformKey`.")
    name = serializers.CharField()
    summary = serializers.CharField()
    logoUrl = serializers.URLField(help_text="A monogram of ours, as SVG; no token is needed.")  # noqa: N815
    enabled = serializers.BooleanField(help_text="Whether this installation has what it needs for it.")
    sourceType = Words(  # noqa: N815
        *SOURCE_TYPES,
        help_text="Accounting: documents are posted into it. Expense: approved documents come from it. Commerce: what "
        "was sold and paid comes from it.",
    )
    isLinkedByVisit = serializers.BooleanField(  # noqa: N815
        help_text="Whether somebody authorises it there, at the connection's `linkUrl`; else settings are enough."
    )
    hasPlatforms = serializers.BooleanField(  # noqa: N815
        help_text="Whether it stands for many accounting systems; a company chooses one of its `platforms`."
    )
    datatypeFeatures = DatatypeFeatures(many=True)  # noqa: N815
    settings = SettingOfIntegration(many=True)


class Integrations(NumberedPage):
    """A page of integrations."""

    results = Integration(many=True)


def integration_json(system: type[System]) -> dict[str, Any]:
    """One integration, as far as it can be told before anybody is linked."""
    told = system.metadata
    own = [one for one in told.settings if not one.of_installation]
    defaults = {one.key: one.default for one in own if not one.secret}
    return {
        "key": told.slug,
        "name": told.name,
        "summary": told.summary,
        "logoUrl": f"{settings.BASE_URL}{reverse('api-logo', args=[told.slug])}",
        "enabled": is_offered(told.slug),
        "sourceType": source_type(system),
        "isLinkedByVisit": system.is_linked_by_visit(defaults),
        "hasPlatforms": issubclass(system, AccountingSystem) and bool(system.chosen_by),
        "datatypeFeatures": _features(system),
        "settings": [_setting(one) for one in own],
    }


def source_type(system: type[System]) -> str:
    """Whether documents are posted into it or come from it, and then whether they are about what is bought or sold."""
    if not issubclass(system, Source):
        return ACCOUNTING
    return COMMERCE if system.kinds <= SOLD else EXPENSE


def of_type(wanted: str) -> list[str]:
    """The keys of the sources of this type that are installed."""
    return [key for key, one in sources().items() if source_type(type(one)) == wanted]


def _features(system: type[System]) -> list[dict[str, Any]]:
    found: dict[str, list[str]] = {}

    def add(types: Iterable[str], feature: str) -> None:
        for one in types:
            found.setdefault(one, []).append(feature)

    if issubclass(system, Source):
        add((DOCUMENT_TYPES[kind] for kind in Kind if kind in system.kinds), GET)
        add((DATA_TYPES[kind] for kind in RecordKind if kind in system.offers.takes), PUT)
    add((DATA_TYPES[kind] for kind in RecordKind if kind in system.can.reads), GET)
    add((DOCUMENT_TYPES[kind] for kind in Kind if kind in system.can.kinds), POST)
    add((DOCUMENT_TYPES[kind] for kind in Kind if kind in system.can.attaches), UPLOAD)
    return [
        {
            "dataType": name,
            "supportedFeatures": [{"featureType": one, "featureState": "Release"} for one in sorted(features)],
        }
        for name, features in found.items()
    ]


def _setting(one: Setting) -> dict[str, Any]:
    return {
        "key": one.key,
        "label": one.label,
        "help": one.help,
        "isSecret": one.secret,
        "isRequired": one.required,
        "default": "" if one.secret else one.default,
        "options": [{"value": value, "label": label} for value, label in one.choices],
    }
