"""What a company can choose from: one card for each accounting system, those behind another one among them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import ClassVar

import pytest
from django.core.cache import cache

from integrations.codat.connector import Codat
from integrations.demo.connector import DemoBooks
from integrations.documents import Kind
from integrations.errors import Retryable
from integrations.metadata import Choice
from portal.connections import choosing, registry
from portal.connections.choosing import chosen_name, offer
from portal.connections.models import Connection, IntegrationSettings
from tests.factories import CompanyFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
BILLS = {"features": {"bills": ["Get", "Post"]}}
XERO = Choice(key="gbol", name="Xero", settings={"platform": "gbol"}, told={"platform": "gbol", **BILLS})
SAGE = Choice(
    key="hbql", name="Sage 50 (UK)", settings={"platform": "hbql"}, told={"platform": "hbql", **BILLS}, is_desktop=True
)
ANYBODY = uuid.uuid4()


class Many(Codat):
    """Stands for two, or does not answer."""

    asked: ClassVar[list[str]] = []
    failure: ClassVar[str] = ""

    def choices(self) -> tuple[Choice, ...]:
        self.asked.append(self.link.secrets["api_key"])
        if self.failure:
            raise Retryable(self.failure)
        return SAGE, XERO


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Many]]:
    monkeypatch.setattr(choosing, "accounting_systems", lambda: {"demo": DemoBooks, "codat": Many})
    monkeypatch.setattr(registry, "accounting_systems", lambda: {"demo": DemoBooks, "codat": Many})
    monkeypatch.setattr(Many, "asked", [])
    IntegrationSettings.objects.create(
        integration="codat", settings={"base_url": "http://127.0.0.1:9"}, secrets={"api_key": "a-key"}
    )
    cache.clear()
    yield Many
    cache.clear()


def names() -> list[str]:
    return [card.name for card in offer(ANYBODY).cards]


def test_each_of_those_behind_another_has_a_card_of_its_own(many: type[Many]) -> None:
    demo, sage, xero = offer(ANYBODY).cards
    assert (demo.value, demo.via, xero.value, xero.via, xero.settings) == (
        "demo", "", "codat:gbol", "Codat", {"platform": "gbol"},
    )  # fmt: skip
    assert (xero.monogram, sage.monogram, sage.is_desktop) == ("Xe", "S5", True)
    assert (xero.can.kinds, bool(xero.can.attaches), bool(sage.can.attaches)) == ({Kind.INVOICE}, True, False)


def test_they_are_asked_for_once_an_hour_and_anew_with_another_key(many: type[Many]) -> None:
    for _ in range(3):
        assert names() == ["Demo Books", "Sage 50 (UK)", "Xero"]
    assert many.asked == ["a-key"]
    row = IntegrationSettings.objects.get()
    row.secrets = {"api_key": "another-key"}
    row.save()
    assert names() == ["Demo Books", "Sage 50 (UK)", "Xero"]
    assert many.asked == ["a-key", "another-key"]


def test_one_that_does_not_answer_leaves_the_others_and_is_not_asked_by_everybody(
    many: type[Many], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "failure", "Codat does not answer.")
    for _ in range(2):
        found = offer(ANYBODY)
        assert [card.name for card in found.cards] == ["Demo Books"]
        [failure] = found.failures
        assert failure.startswith("The accounting systems behind Codat cannot be listed at this moment: Codat does not")
    assert len(many.asked) == 1


def test_what_the_installation_has_no_key_for_is_not_offered(many: type[Many]) -> None:
    IntegrationSettings.objects.all().delete()
    assert (names(), many.asked) == (["Demo Books"], [])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("", 3), ("XERO", 1), ("sage uk", 1), ("codat", 2), ("trying things", 1), ("zoho", 0), ("xero sage", 0)],
)
def test_a_search_finds_names_and_who_stands_for_them(many: type[Many], wanted: str, found: int) -> None:
    assert len([card for card in offer(ANYBODY).cards if card.answers_to(wanted)]) == found


def test_a_connection_is_called_by_what_was_chosen(many: type[Many]) -> None:
    made = Connection(company=CompanyFactory.create(), integration="codat", settings={"platform": "gbol", "bills": "x"})
    assert chosen_name(made) == "Codat"
    offer(ANYBODY)
    assert chosen_name(made) == "Xero"
    made.told = {"platform_name": "Xero Europe"}
    assert chosen_name(made) == "Xero Europe"
    assert chosen_name(Connection(integration="gone")) == "gone"
