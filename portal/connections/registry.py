"""The connectors that this installation knows, from the dotted paths in the settings."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from integrations.base import AccountingSystem, Source, System

T = TypeVar("T")


class UnknownIntegration(LookupError):
    """No connector with this slug is installed."""


@cache
def accounting_systems() -> dict[str, type[AccountingSystem]]:
    """Every accounting system by its slug, in the order of `settings.CONNECTORS`."""
    classes: list[type[AccountingSystem]] = [import_string(path) for path in settings.CONNECTORS]
    return _by_slug({cls.metadata.slug: cls for cls in classes}, len(classes))


@cache
def sources() -> dict[str, Source]:
    """Every source by its slug, in the order of `settings.SOURCES`."""
    instances: list[Source] = [import_string(path)() for path in settings.SOURCES]
    return _by_slug({source.metadata.slug: source for source in instances}, len(instances))


def accounting_system(slug: str) -> type[AccountingSystem]:
    """The connector class of one accounting system. Raises `UnknownIntegration`."""
    try:
        return accounting_systems()[slug]
    except KeyError:
        raise UnknownIntegration(f"No accounting system {slug!r} is installed.") from None


def system(slug: str) -> type[System]:
    """The connector class of whatever documents are posted into: an accounting system, or a source that takes some.

    Raises `UnknownIntegration`.
    """
    found = accounting_systems().get(slug)
    return type(source(slug)) if found is None else found


def source(slug: str) -> Source:
    """The connector of one source, without a link: it reads deliveries. Raises `UnknownIntegration`."""
    try:
        return sources()[slug]
    except KeyError:
        raise UnknownIntegration(f"No source {slug!r} is installed.") from None


def _by_slug(found: dict[str, T], expected: int) -> dict[str, T]:
    if len(found) != expected:
        raise ImproperlyConfigured("Two connectors share one slug.")
    return found
