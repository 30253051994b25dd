"""Which checks a connection needs, and what it can do: by its interface, and by what it is set to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from integrations.accountsiq.checks import Rules
from integrations.accountsiq.rest.endpoints import TAX_CODES
from integrations.accountsiq.rest.terms import rest_terms
from integrations.accountsiq.settings import OUR_KEY, PROVEN, REST, completed
from integrations.metadata import Abilities

# The batch calls take codes in capitals only, no amount below zero, and a rate instead of a currency.
SOAP_RULES: Final = Rules(upper_case=True, negative_lines=False, wants_base=True)


def rules_for(settings: Mapping[str, str]) -> Rules:
    """What is looked at before posting. Raises `Misconfigured` for settings that cannot be read."""
    if settings.get("transport") != REST:
        return SOAP_RULES
    terms = rest_terms(settings)
    return Rules(
        only_base=not terms.currency_field,
        number_is_sent=terms.has_own_number,
        tax_codes=None if TAX_CODES in terms.endpoints else frozenset(terms.tax_codes),
        currencies=frozenset(terms.currencies),
    )


def widest(several: Iterable[Abilities]) -> Abilities:
    """The most that any of several can do, with a lookup that was proven."""
    first, *others = several
    for one in others:
        first = Abilities(
            kinds=first.kinds | one.kinds,
            lookup=first.lookup or one.lookup,
            quiet_seconds=max(first.quiet_seconds, one.quiet_seconds),
            lists=first.lists or one.lists,
            reads=first.reads | one.reads,
            attaches=first.attaches | one.attaches,
        )
    return replace(first, lookup_complete=True)


def narrowed(can: Abilities, settings: Mapping[str, str]) -> Abilities:
    """What one connection can do: a lookup proves absence only where somebody has seen that it does.

    Over REST it never does by the supplier's number, which may have changed since, or be another supplier's, too.
    """
    settings = completed(settings)
    misses = settings["transport"] == REST and settings["number_field"] != OUR_KEY
    return replace(can, lookup_complete=settings["lookup"] == PROVEN and not misses)
