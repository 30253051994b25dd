"""The whole visit against the stand-in: every page, every button, and what is so afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from integrations.base import Link
from integrations.codat.addresses import redirect_url
from integrations.codat.client import Client
from integrations.codat.connector import Codat as Connector
from integrations.codat.coverage import abilities, platforms
from integrations.codat.linking import arrive, depart, survey, unlink
from integrations.documents import Company, Kind
from integrations.errors import Cancelled, Rejected
from integrations.linking import Arrival, Departure
from tests.integrations.codat.rig import Codat, Linked

BACK = "https://postroom.example/link/back/"
STATE = "s+t/a=t&e"


@pytest.fixture(autouse=True)
def way_back(codat: Codat) -> None:
    codat.set(profile={"name": "Postroom", "redirectUrl": redirect_url(BACK), "whiteListUrls": []})


def blank(codat: Codat, platform: str = "gbol", told: Mapping[str, Any] | None = None) -> Link:
    """A connection that was never linked, or that was told so much."""
    return replace(codat.link(Linked("", "", platform)), told=told or {}, company_name="Harbour Street (Studios)")


def pressed(url: str, button: str) -> dict[str, str]:
    """What comes back in the address when the person presses a button of Codat's page."""
    assert requests.get(url, timeout=20).status_code == 200
    answer = requests.post(url, data={"do": button}, allow_redirects=False, timeout=20)
    assert answer.status_code == 303, answer.text
    address, _, query = answer.headers["Location"].partition("?")
    assert address == BACK
    return dict(parse_qsl(query, keep_blank_values=True))


def visited(link: Link, button: str, state: str = STATE) -> tuple[Departure, Arrival]:
    """There and back."""
    departure = depart(link, state=state, return_url=BACK)
    query = pressed(departure.url, button)
    assert query.pop("state") == state
    return departure, arrive(link, query, keep=departure.keep)


def companies(codat: Codat) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = codat.ask("GET", "companies?page=1").json()["results"]
    return rows


@pytest.mark.parametrize(
    ("platform", "name", "kinds"),
    [
        ("gbol", "Xero", set(Kind) - {Kind.RECEIPT, Kind.REFUND}),
        ("fbrh", "FreeAgent", set(Kind) - {Kind.RECEIPT, Kind.PURCHASE_ORDER}),
    ],
)
def test_who_agrees_is_linked_by_name_and_currency(codat: Codat, platform: str, name: str, kinds: set[Kind]) -> None:
    departure, arrival = visited(blank(codat, platform), "approve")

    told = dict(arrival.told)
    assert abilities(told).kinds == kinds
    assert told.pop("features")
    assert told == {
        "company": departure.keep["company"],
        "connection": departure.keep["connection"],
        "platform": platform,
        "platform_name": name,
        "is_desktop": False,
        "status": "Linked",
        "company_name": "Harbour Street Studios Ltd",
        "base_currency": "GBP",
        "legal_name": "Harbour Street Studios Ltd",
        "registration": "01234567",
        "ledger_lock_date": "",
    }
    assert [one["name"] for one in companies(codat)] == ["Harbour Street Studios"]


@pytest.mark.parametrize(("platform", "base"), [("hbql", ""), ("gbol", "GBP")])
def test_a_first_visit_links_before_anything_was_read(codat: Codat, platform: str, base: str) -> None:
    """Where the books are told live they are known at once; else the company's name at Codat has to do."""
    codat.set(sync_seconds=60)
    _, arrival = visited(blank(codat, platform), "approve")
    linked = Connector(blank(codat, platform, arrival.told))
    found = [linked.company(), linked.company()]

    there = Company(
        external_id=arrival.told["company"],
        name="Harbour Street Studios Ltd" if base else "Harbour Street Studios",
        base_currency=base,
    )
    assert found == [there] * 2
    assert linked.survey() == arrival.told
    codat.later(61)
    later = survey(blank(codat, platform, arrival.told))
    assert Connector(blank(codat, platform, later)).company() == replace(
        there,
        name="Harbour Street Studios Ltd",
        base_currency="GBP",
        legal_name="Harbour Street Studios Ltd",
        registration="01234567",
    )


def test_a_survey_afterwards_tells_what_was_read_meanwhile(codat: Codat) -> None:
    codat.set(sync_seconds=60)
    _, arrival = visited(blank(codat, "hbql"), "approve")
    codat.later(120)
    later = survey(blank(codat, "hbql", arrival.told))

    read = ("company_name", "base_currency", "legal_name", "registration")
    assert ([arrival.told.get(one) for one in read], [later.get(one) for one in read]) == (
        [None] * 4,
        ["Harbour Street Studios Ltd", "GBP", "Harbour Street Studios Ltd", "01234567"],
    )
    assert {**later, **arrival.told} == {**arrival.told, **{one: later[one] for one in (*read, "ledger_lock_date")}}


def test_who_says_no_links_nothing_and_may_begin_again_with_the_same_connection(codat: Codat) -> None:
    link = blank(codat)
    departure = depart(link, state=STATE, return_url=BACK)
    with pytest.raises(Cancelled):
        arrive(link, pressed(departure.url, "cancel"), keep=departure.keep)
    _, arrival = visited(replace(link, told=departure.told), "approve")

    assert (arrival.told["connection"], len(companies(codat))) == (departure.keep["connection"], 1)


def test_what_fails_over_there_is_told_in_its_words(codat: Codat) -> None:
    with pytest.raises(Rejected) as error:
        visited(blank(codat), "break")

    assert str(error.value) == "Xero could not be linked: An unknown error occurred. Begin again."


def test_a_link_is_good_for_one_visit(codat: Codat) -> None:
    link = blank(codat)
    first = depart(link, state=STATE, return_url=BACK)
    pressed(first.url, "cancel")
    second = depart(replace(link, told=first.told), state="another", return_url=BACK)

    assert requests.get(first.url, timeout=20).status_code == 404
    assert pressed(second.url, "approve")["state"] == "another"


def test_another_legal_entity_is_not_linked_in_the_place_of_the_first(codat: Codat) -> None:
    _, arrival = visited(blank(codat), "approve")
    link = blank(codat, told=arrival.told)
    unlink(link)
    with pytest.raises(Rejected, match=r"led to Whitby Harbour Catering Ltd .* linked to Harbour Street Studios Ltd"):
        visited(link, "wrong")
    assert survey(link)["status"] == "Unlinked"


def test_who_was_unlinked_over_there_comes_back_to_the_same_company(codat: Codat) -> None:
    _, arrival = visited(blank(codat), "approve")
    link = blank(codat, told=arrival.told)
    unlink(link)
    unlink(link)
    meanwhile = survey(link)
    _, again = visited(link, "approve")

    assert (meanwhile, len(companies(codat))) == ({**arrival.told, "status": "Unlinked"}, 1)
    assert {name: again.told[name] for name in arrival.told} == arrival.told


def test_another_platform_gets_a_connection_of_its_own(codat: Codat) -> None:
    _, arrival = visited(blank(codat), "approve")
    departure, other = visited(blank(codat, "qhyg", arrival.told), "approve", "another")

    (company,) = companies(codat)
    found = {one["integrationKey"]: (one["id"], one["status"]) for one in company["dataConnections"]}
    assert found == {
        "gbol": (arrival.told["connection"], "Unlinked"),
        "qhyg": (departure.keep["connection"], "Linked"),
    }
    assert other.told["platform_name"] == "QuickBooks Online"


def test_a_revoked_consent_is_told_in_the_portal_s_word(codat: Codat, linked: Linked) -> None:
    codat.control("POST", f"connections/{linked.connection}", {"status": "Deauthorized"})

    assert survey(codat.link(linked))["status"] == "Deauthorised"


def test_a_company_that_is_gone_is_told_as_unlinked(codat: Codat, linked: Linked) -> None:
    codat.ask("DELETE", f"companies/{linked.company}")

    assert survey(codat.link(linked))["status"] == "Unlinked"


def test_the_platforms_to_choose_from(codat: Codat) -> None:
    found = {one.key: one for one in platforms(Client(blank(codat)))}

    assert {"gbol", "qhyg", "hbql", "fbrh", "mqjo"} <= found.keys()
    assert [(one.name, one.is_enabled, one.is_desktop) for one in (found["gbol"], found["hbql"])] == [
        ("Xero", True, False),
        ("Sage 50 (UK)", True, True),
    ]


def test_the_link_that_is_given_keeps_its_one_time_part(codat: Codat) -> None:
    url = depart(blank(codat), state=STATE, return_url=BACK).url

    assert re.fullmatch(r"otp=[^&]+&state=s%2Bt%2Fa%3Dt%26e", urlsplit(url).query)
