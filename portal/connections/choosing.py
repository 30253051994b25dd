"""What a company can choose from: a card for each accounting system, also for those behind one that stands for many."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from django.core.cache import cache

from integrations.base import AccountingSystem, Link
from integrations.errors import IntegrationError, Retryable
from integrations.metadata import Abilities, Choice
from portal.connections.access.installation import is_offered, of_installation
from portal.connections.limit_groups import limit_group
from portal.connections.limits import Turn, turn_in
from portal.connections.models import Connection
from portal.connections.onlookers import one_of
from portal.connections.paced import Waiting, paced_by
from portal.connections.places import scopes_of
from portal.connections.registry import UnknownIntegration, accounting_system, accounting_systems
from portal.digests import digest
from portal.fields import Undecryptable

KEPT_SECONDS: Final = 3600
FAILURE_KEPT_SECONDS: Final = 60
ASKED_WITHIN_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 3.0
NOT_LISTED: Final = "The accounting systems behind {name} cannot be listed at this moment: {why} Try again in a minute."
LOST_KEY: Final = "its key cannot be read any more, and the operator of this installation has to enter it again."

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One accounting system to choose. `via` is the name of the integration that stands for it, empty where it is the
    integration itself; `settings` are what a connection to it begins with."""

    integration: str
    name: str
    summary: str
    monogram: str
    can: Abilities
    key: str = ""
    via: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    help_url: str = ""
    support_url: str = ""
    is_desktop: bool = False
    is_beta: bool = False

    @property
    def value(self) -> str:
        """What a form names it by: `codat:gbol`, or `odoo`."""
        return f"{self.integration}:{self.key}" if self.key else self.integration

    def answers_to(self, wanted: str) -> bool:
        """Whether somebody who types this is looking for it."""
        words = f"{self.name} {self.via} {self.summary if not self.via else ''}".casefold()
        return all(word in words for word in wanted.casefold().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """All cards by name, and a sentence for each integration whose own could not be listed."""

    cards: tuple[Card, ...]
    failures: tuple[str, ...] = ()

    def find(self, value: str) -> Card | None:
        """The card that a form names."""
        return next((card for card in self.cards if card.value == value), None)


def offer(company_id: uuid.UUID) -> Offer:
    """What a company can choose from. Those that stand for many are asked, at most once an hour, while somebody waits.

    One that does not answer leaves the others as they are, and is not asked again for a minute.
    """
    cards, failures = list[Card](), list[str]()
    for slug, connector in accounting_systems().items():
        try:
            if is_offered(slug):
                cards += _cards(connector, company_id)
        except (IntegrationError, Undecryptable) as error:
            failures.append(_not_listed(connector, error))
    return Offer(cards=tuple(_by_name(cards)), failures=tuple(failures))


def platforms(integration: str, company_id: uuid.UUID) -> list[Card]:
    """What stands behind one integration, by name; nothing where it stands for itself alone. Asked as `offer` asks.

    Raises `UnknownIntegration`, and `Retryable` while they cannot be listed.
    """
    connector = accounting_system(integration)
    try:
        return _by_name(_cards(connector, company_id)) if connector.chosen_by else []
    except (IntegrationError, Undecryptable) as error:
        raise Retryable(_not_listed(connector, error), retry_after=FAILURE_KEPT_SECONDS) from error


def chosen_name(connection: Connection) -> str:
    """What a person has chosen, by name, without asking anybody: `Xero`, as far as it is known here."""
    told = connection.told.get("platform_name")
    if isinstance(told, str) and told:
        return told
    try:
        connector = accounting_system(connection.integration)
    except UnknownIntegration:
        return connection.integration
    chosen = {name: connection.settings.get(name, "") for name in connector.chosen_by}
    kept = cache.get(_place(connector)) if chosen else None
    rows = kept["choices"] if kept else []
    found = next((row for row in rows if {**row["settings"], **chosen} == row["settings"]), None)
    return str(found["name"]) if found else connector.metadata.name


def _by_name(cards: list[Card]) -> list[Card]:
    return sorted(cards, key=lambda card: card.name.casefold())


def _not_listed(connector: type[AccountingSystem], error: IntegrationError | Undecryptable) -> str:
    why = error.message if isinstance(error, IntegrationError) else LOST_KEY
    return NOT_LISTED.format(name=connector.metadata.name, why=why)


def _cards(connector: type[AccountingSystem], company_id: uuid.UUID) -> list[Card]:
    told = connector.metadata
    if connector.chosen_by:
        return [_card_of(connector, choice) for choice in _choices(connector, company_id)]
    can = connector.can_for({one.key: one.default for one in told.settings if not one.secret}, {})
    return [
        Card(
            integration=told.slug, name=told.name, summary=told.summary, monogram=told.monogram,
            can=can if can.kinds else connector.can, help_url=told.help_url, support_url=told.support_url,
        )
    ]  # fmt: skip


def _card_of(connector: type[AccountingSystem], choice: Choice) -> Card:
    told = connector.metadata
    return Card(
        integration=told.slug, name=choice.name, summary=told.summary, monogram=_monogram(choice.name), via=told.name,
        key=choice.key, can=connector.can_for(choice.settings, choice.told), settings=choice.settings,
        help_url=told.help_url, support_url=told.support_url, is_desktop=choice.is_desktop, is_beta=choice.is_beta,
    )  # fmt: skip


def _choices(connector: type[AccountingSystem], company_id: uuid.UUID) -> list[Choice]:
    """Raises an `IntegrationError`, also one of a moment ago."""
    place = _place(connector)
    kept: dict[str, Any] | None = cache.get(place)
    if kept is None:
        kept = _asked(connector, company_id)
        cache.set(place, kept, FAILURE_KEPT_SECONDS if kept["failure"] else KEPT_SECONDS)
    if kept["failure"]:
        raise IntegrationError(kept["failure"])
    return [Choice(**row) for row in kept["choices"]]


def _asked(connector: type[AccountingSystem], company_id: uuid.UUID) -> dict[str, Any]:
    """Plain data: what is kept outlives a change of the code."""
    slug = connector.metadata.slug
    ours = of_installation(slug)
    group = limit_group(slug, ours.settings, lambda: ours.secrets)
    scopes = scopes_of(company_id, connector, group=group)

    def take_turn() -> AbstractContextManager[Turn | None]:
        return turn_in(scopes, uuid.uuid4(), lambda _: ())

    waiting = Waiting(patience_seconds=PATIENCE_SECONDS)
    try:
        with one_of(company_id), paced_by(take_turn, waiting, deadline_seconds=ASKED_WITHIN_SECONDS) as outbound:
            found = connector(Link(settings=ours.settings, secrets=ours.secrets, outbound=outbound)).choices()
            return {"failure": "", "choices": [_plain(choice) for choice in found]}
    except IntegrationError as error:
        logger.warning("What %s stands for could not be listed: %s", slug, error.message)
        return {"failure": error.message, "choices": []}


def _plain(choice: Choice) -> dict[str, Any]:
    return {**asdict(choice), "settings": dict(choice.settings), "told": dict(choice.told)}


def _place(connector: type[AccountingSystem]) -> str:
    """Another one as soon as the operator has entered something else."""
    ours = of_installation(connector.metadata.slug)
    known = sorted({**ours.settings, **ours.secrets}.items())
    return f"choices:{connector.metadata.slug}:{digest(repr(known))[:32]}"


def _monogram(name: str) -> str:
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() if len(words) > 1 else name[:2]
