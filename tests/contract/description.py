"""What a connector says of itself holds together: its metadata, its abilities, its limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from integrations.base import AccountingSystem
from integrations.metadata import Limits
from tests.contract.books import OnBooks

# Words in the name of a setting that nobody may read over a shoulder.
SECRET_WORDS = re.compile(r"(^|_)(token|secret|password|passphrase|api_?key|private_?key)($|_(?!url$))")
SLUG = re.compile(r"[a-z][a-z0-9_]{1,39}")


class DescriptionCases(OnBooks):
    """Read from the class alone."""

    def test_it_is_the_connector_that_the_cases_are_for(self, system: AccountingSystem) -> None:
        assert type(system) is self.connector

    def test_people_learn_what_it_is(self) -> None:
        told = self.connector.metadata
        assert SLUG.fullmatch(told.slug)
        assert 0 < len(told.name.strip()) <= 60
        assert told.summary.endswith(".")
        assert 1 <= len(told.monogram) <= 3

    def test_each_setting_has_a_key_of_its_own_and_a_label(self) -> None:
        settings = self.connector.metadata.settings
        assert len({one.key for one in settings}) == len(settings)
        for one in settings:
            assert SLUG.fullmatch(one.key), one
            assert one.label.strip(), one
            assert one.help.strip(), f"{one.key}: say where to find it"

    def test_what_sounds_like_a_secret_is_kept_as_one(self) -> None:
        for one in self.connector.metadata.settings:
            assert one.secret or not SECRET_WORDS.search(one.key), f"{one.key} has to be marked as secret"
            assert not (one.secret and one.default), f"{one.key}: a secret has no default"

    def test_its_abilities_fit_together(self) -> None:
        can = self.connector.can
        assert can.kinds, "it takes nothing"
        assert can.quiet_seconds >= 0
        assert can.lookup or not can.lookup_complete, "a lookup that there is not cannot be complete"
        assert not (can.transactional and can.awaits), "in our own transaction nothing is booked later"
        assert can.transactional or can.quiet_seconds > 0, "over a network a commit can be late"
        assert can.attaches <= can.kinds, "a document that it does not take has no files"
        assert can.key_seconds is None or can.key_seconds > 0

    def test_its_limits_let_something_through(self) -> None:
        for limits in (self.connector.limits, self.connector.app_limits or Limits()):
            assert limits.at_once >= 1
            assert limits.seconds > 0
            assert limits.requests is None or limits.requests >= 1

    def test_what_it_promises_it_does_itself(self) -> None:
        can = self.connector.can
        assert not can.awaits or is_its_own(self.connector, AccountingSystem.poll), "`awaits` needs a `poll` of its own"
        assert not can.lists or is_its_own(self.connector, AccountingSystem.written_since), (
            "`lists` needs a `written_since` of its own"
        )
        assert not can.tells_settlements or is_its_own(self.connector, AccountingSystem.settled_since), (
            "`tells_settlements` needs a `settled_since` of its own"
        )
        assert not can.tells_settlements_of or is_its_own(self.connector, AccountingSystem.settlements_of), (
            "`tells_settlements_of` needs a `settlements_of` of its own"
        )
        assert not can.reads or is_its_own(self.connector, AccountingSystem.records), (
            "`reads` needs a `records` of its own"
        )
        for method in (AccountingSystem.attached, AccountingSystem.attach):
            assert not can.attaches or is_its_own(self.connector, method), (
                f"`attaches` needs an `{method.__name__}` of its own"
            )


def is_its_own(connector: type[AccountingSystem], method: Callable[..., Any]) -> bool:
    """Whether a connector replaces what the interface offers."""
    return getattr(connector, method.__name__) is not method
