"""What the operator of this installation has at a vendor, for all connections together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations.metadata import Setting
from portal.connections.access.models import IntegrationSettings
from portal.connections.registry import system


@dataclass(frozen=True, slots=True)
class OfInstallation:
    """Settings and decrypted secrets of the installation at one vendor."""

    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


NOTHING = OfInstallation()


def settings_of_installation(slug: str) -> tuple[Setting, ...]:
    """What an integration wants to have from the operator. Raises `UnknownIntegration`."""
    return tuple(one for one in system(slug).metadata.settings if one.of_installation)


def of_installation(slug: str) -> OfInstallation:
    """What is stored; one query, or none where the integration wants nothing. Raises `Undecryptable`."""
    if not settings_of_installation(slug):
        return NOTHING
    stored = IntegrationSettings.objects.filter(integration=slug).first()
    return OfInstallation(stored.settings, stored.secrets) if stored else NOTHING


def is_offered(slug: str) -> bool:
    """Whether the operator has given what the integration needs of the installation, so that companies can link it."""
    needed = [one for one in settings_of_installation(slug) if one.required]
    if not needed:
        return True
    given = of_installation(slug)
    return all(
        str((given.secrets if one.secret else given.settings).get(one.key, "") or one.default).strip() for one in needed
    )
