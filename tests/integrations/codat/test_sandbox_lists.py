"""The stand-in's lists: pages, order, and Codat's query language."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.integrations.codat.rig import Codat, Linked


def asked(codat: Codat, linked: Linked, data_type: str = "suppliers", **query: object) -> Any:
    return codat.ask("GET", f"companies/{linked.company}/data/{data_type}?{urlencode(query)}").json()


def ids(told: Any) -> list[str]:
    return [one["id"] for one in told["results"]]


@pytest.mark.parametrize(
    "query,found",
    [
        ("", ["CROWN01", "METRO01", "LAKES01"]),
        ("id=METRO01", ["METRO01"]),
        ("id!=METRO01", ["CROWN01", "LAKES01"]),
        ("supplierName~lake", ["LAKES01"]),
        ("defaultCurrency=GBP&&supplierName~metro", ["METRO01"]),
        ("id=METRO01||id=CROWN01", ["CROWN01", "METRO01"]),
        ("{id=METRO01||id=CROWN01}&&supplierName~crown", ["CROWN01"]),
        ("id=METRO01||id=CROWN01&&supplierName~nobody", ["METRO01"]),
        ("metadata.isDeleted!=true", ["CROWN01", "METRO01", "LAKES01"]),
        ("metadata.isDeleted=true", []),
        ("modifiedDate>=2024-01-01", ["CROWN01", "METRO01", "LAKES01"]),
        ("modifiedDate<2024-01-01", []),
        ("nothing=1", []),
        ("addresses.line1=3 Castle Street", []),
    ],
)
def test_a_query_filters(codat: Codat, linked: Linked, query: str, found: list[str]) -> None:
    told = asked(codat, linked, query=query) if query else asked(codat, linked)
    assert ids(told) == found
    assert told["totalResults"] == len(found)


def test_numbers_are_compared_as_numbers(codat: Codat, linked: Linked) -> None:
    assert ids(asked(codat, linked, "taxRates", query="effectiveTaxRate>5")) == ["T1"]
    assert ids(asked(codat, linked, "taxRates", query="effectiveTaxRate>=5.0")) == ["T1", "T5"]
    assert ids(asked(codat, linked, "taxRates", query="effectiveTaxRate<=5")) == ["T0", "T2", "T5", "T9"]


@pytest.mark.parametrize("query", ["id", "=1", "id=1&&", "{id=1", "id=1}", "a=1 || && b=2", "x" * 2048])
def test_a_query_that_cannot_be_read_is_refused(codat: Codat, linked: Linked, query: str) -> None:
    answer = codat.ask("GET", f"companies/{linked.company}/data/suppliers?{urlencode({'query': query})}")
    assert (answer.status_code, answer.json()["error"]) == (400, "Error processing request - query is not valid.")


def test_pages_are_linked_to_each_other(codat: Codat, linked: Linked) -> None:
    path = f"/companies/{linked.company}/data/suppliers"
    second = asked(codat, linked, page=2, pageSize=1, orderBy="id")
    assert second == {
        "results": second["results"],
        "pageNumber": 2,
        "pageSize": 1,
        "totalResults": 3,
        "_links": {
            "self": {"href": f"{path}?page=2&pageSize=1&orderBy=id"},
            "current": {"href": f"{path}?page=2&pageSize=1&orderBy=id"},
            "next": {"href": f"{path}?page=3&pageSize=1&orderBy=id"},
            "previous": {"href": f"{path}?page=1&pageSize=1&orderBy=id"},
        },
    }
    assert ids(second) == ["LAKES01"]
    last = asked(codat, linked, page=3, pageSize=1, orderBy="id")
    assert ids(last) == ["METRO01"]
    assert "next" not in last["_links"]


def test_rows_are_ordered_both_ways(codat: Codat, linked: Linked) -> None:
    assert ids(asked(codat, linked, orderBy="supplierName")) == ["CROWN01", "LAKES01", "METRO01"]
    assert ids(asked(codat, linked, orderBy="-supplierName")) == ["METRO01", "LAKES01", "CROWN01"]


@pytest.mark.parametrize("query", ["page=0", "page=x", "pageSize=5001", "pageSize=0"])
def test_a_page_that_there_cannot_be_is_refused(codat: Codat, linked: Linked, query: str) -> None:
    assert codat.ask("GET", f"companies/{linked.company}/data/suppliers?{query}").status_code == 400
    codat.checked.forgive()


def test_companies_are_found_by_the_status_of_their_connection(codat: Codat, linked: Linked) -> None:
    waiting = codat.ask("POST", "companies", {"name": "Waiting Ltd"}).json()["id"]
    codat.ask("POST", f"companies/{waiting}/connections", {"platformKey": "gbol"})
    query = urlencode({"query": "dataConnections.status=PendingAuth", "pageSize": 10})
    assert ids(codat.ask("GET", f"companies?{query}").json()) == [waiting]


def test_integrations_tell_what_can_be_written_where(codat: Codat) -> None:
    query = urlencode({"query": "sourceType=Accounting&&enabled=true"})
    told = codat.ask("GET", f"integrations?{query}").json()["results"]
    coverage = {
        one["name"]: sorted(
            each["dataType"]
            for each in one["datatypeFeatures"]
            if each["dataType"] in {"bills", "billCreditNotes", "purchaseOrders", "journalEntries"}
            and {"featureType": "Post", "featureState": "Release"} in each["supportedFeatures"]
        )
        for one in told
    }
    every = ["billCreditNotes", "bills", "journalEntries", "purchaseOrders"]
    assert coverage == {
        "Xero": every,
        "QuickBooks Online": every,
        "Sage 50 (UK)": ["billCreditNotes", "bills", "journalEntries"],
        "FreeAgent": ["billCreditNotes", "bills"],
        "Oracle NetSuite": every,
        "Sage Intacct": ["billCreditNotes", "bills", "journalEntries"],
        "Zoho Books": ["bills"],
        "FreshBooks": [],
        "Sandbox": every,
    }
    offline = [one["key"] for one in told if one["isOfflineConnector"]]
    assert offline == ["hbql"]


def test_one_integration_has_a_logo_and_a_branding(codat: Codat) -> None:
    one = codat.ask("GET", "integrations/gbol").json()
    branding = codat.ask("GET", "integrations/gbol/branding").json()
    assert (one["name"], branding["logo"]["full"]["image"]["alt"]) == ("Xero", "Xero")
    assert (
        codat.ask("GET", one["logoUrl"].removeprefix(f"{codat.url}/")).headers["Content-Type"]
        == "image/svg+xml; charset=utf-8"
    )
    assert codat.ask("GET", "integrations/zzzz").status_code == 404
