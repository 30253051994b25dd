"""Companies and integrations: exact answers, filters, orders, pages, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.connections.models import Connection, Side, Status
from portal.events.models import AuditEvent
from portal.tenants.models import Company
from tests.api.calling import Program, error, read
from tests.factories import CompanyFactory, DemoConnectionFactory, accepted

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
COMPANIES = "/api/v1/companies"
WRONG = "The body has errors; nothing was done."
QUERY = "The query has errors."


@pytest.fixture
def several(program: Program) -> list[Company]:
    """Four more companies of the tenant, in every kind of status."""
    tenant, now = program.company.tenant, timezone.now()
    bare, linked, waiting, ended = (
        CompanyFactory.create(tenant=tenant, name=name, live_at=None) for name in ("Bare", "Linked", "Waiting", "Ended")
    )
    DemoConnectionFactory.create(company=linked)
    DemoConnectionFactory.create(company=linked, status=Status.UNLINKED)
    DemoConnectionFactory.create(company=waiting, status=Status.DEAUTHORISED)
    DemoConnectionFactory.create(company=ended, status=Status.UNLINKED)
    Company.objects.filter(pk=ended.pk).update(closed_at=now)
    return [bare, linked, waiting, ended]


def names(program: Program, query: str = "") -> list[str]:
    return [one["name"] for one in read(program.call("GET", COMPANIES + query))["results"]]


# --- companies -------------------------------------------------------------------------------------------------------


def test_a_company_is_created_as_it_is_told(program: Program) -> None:
    response = program.call("POST", COMPANIES, {"name": "  Harbour Street Ltd ", "baseCurrency": "eur"})
    made = Company.objects.get(name="Harbour Street Ltd")
    told = read(response)
    assert (response.status_code, response.headers["Location"]) == (201, f"{COMPANIES}/{made.pk}")
    assert told == {
        "id": str(made.pk),
        "name": "Harbour Street Ltd",
        "nameIsTemporary": False,
        "baseCurrency": "EUR",
        "redirect": f"http://127.0.0.1:8000/companies/{made.pk}/accounting/choose/",
        "status": "Blank",
        "created": told["created"],
        "live": None,
        "closed": None,
        "dataConnections": [],
    }
    assert (made.tenant_id, made.live_at) == (program.company.tenant_id, None)
    event = AuditEvent.objects.get(verb="company.created")
    assert event.who.startswith("API token The shop (…")
    assert read(program.call("GET", f"{COMPANIES}/{made.pk}")) == told


def test_a_temporary_name_is_made_up_where_none_is_given(program: Program) -> None:
    told = [read(program.call("POST", COMPANIES, {"nameIsTemporary": True})) for _ in range(2)]
    assert [(one["name"], one["nameIsTemporary"]) for one in told] == [("New company", True), ("New company 2", True)]


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, [("name", "Enter a name, or let the accounting system give it.")]),
        ({"name": None}, [("name", "It must not be null.")]),
        ({"name": ""}, [("name", "It must not be blank.")]),
        ({"name": "a\nb"}, [("name", "It must be one line of text that is not blank, without control characters.")]),
        (
            {"name": 7, "nameIsTemporary": "yes", "colour": 1, "baseCurrency": "XYZ"},
            [
                ("name", "It must be text."),
                ("nameIsTemporary", "It must be true or false."),
                ("colour", "There is no member of this name."),
            ],
        ),
        ({"name": "A", "baseCurrency": "XYZ"},
         [("baseCurrency", "XYZ is no currency of ISO 4217. Enter its three letters, such as GBP.")]),
    ],
)  # fmt: skip
def test_a_body_that_is_wrong_is_told_by_its_members(
    program: Program, body: dict[str, Any], details: list[tuple[str, str]]
) -> None:
    response = program.call("POST", COMPANIES, body)
    assert (response.status_code, read(response)) == (400, error(400, WRONG, *details))
    assert Company.objects.count() == 1


def test_a_name_that_another_company_has_is_refused(program: Program) -> None:
    response = program.call("POST", COMPANIES, {"name": "NORTHGATE training ltd"})
    assert response.status_code == 400
    assert read(response)["details"][0]["field"] == "name"


def test_a_company_is_renamed_and_replaced(program: Program) -> None:
    Company.objects.update(name_is_temporary=True)
    renamed = read(program.call("PATCH", "", {"name": "Northgate Ltd"}))
    assert (renamed["name"], renamed["nameIsTemporary"]) == ("Northgate Ltd", False)
    replaced = program.call("PUT", "", {"name": "Northgate GmbH", "baseCurrency": "EUR"})
    assert (replaced.status_code, read(replaced)["name"], read(replaced)["baseCurrency"]) == (
        200, "Northgate GmbH", "EUR",
    )  # fmt: skip
    missing = program.call("PUT", "", {"name": "Other"})
    assert (missing.status_code, read(missing)) == (400, error(400, WRONG, ("baseCurrency", "It is missing.")))


def test_a_replacement_is_whole_or_nothing(program: Program, books: Connection) -> None:
    CompanyFactory.create(tenant=program.company.tenant, name="Taken Ltd")
    refused = program.call("PUT", "", {"name": "Taken Ltd", "baseCurrency": "EUR"})
    program.company.refresh_from_db()
    assert (refused.status_code, program.company.base_currency) == (400, "GBP")
    accepted(books)
    late = program.call("PUT", "", {"name": "New Ltd", "baseCurrency": "EUR"})
    sentence = "Something has come in for it already: its base currency can be changed no more."
    program.company.refresh_from_db()
    assert (late.status_code, read(late)) == (409, error(409, sentence, ("baseCurrency", sentence)))
    assert (program.company.base_currency, program.company.name) == ("GBP", "Northgate Training Ltd")
    assert program.call("PUT", "", {"name": "New Ltd", "baseCurrency": "GBP"}).status_code == 200


def test_a_status_is_that_of_the_accounting_connection(program: Program, several: list[Company]) -> None:
    told = {one["name"]: one["status"] for one in read(program.call("GET", COMPANIES))["results"]}
    assert told == {
        "Bare": "Blank", "Linked": "Linked", "Waiting": "Deauthorised", "Ended": "Unlinked",
        "Northgate Training Ltd": "Blank",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?status=Linked", ["Linked"]),
        ("?status=Deauthorised", ["Waiting"]),
        ("?status=Deauthorized", ["Waiting"]),
        ("?status=Unlinked", ["Ended"]),
        ("?status=Blank", ["Bare", "Northgate Training Ltd"]),
        ("?status=PendingAuth", []),
        ("?isClosed=true", ["Ended"]),
        ("?isLive=true", ["Northgate Training Ltd"]),
        ("?isLive=false&isClosed=false", ["Bare", "Linked", "Waiting"]),
        ("?name=AR", ["Bare"]),
        ("?orderBy=-name", ["Waiting", "Northgate Training Ltd", "Linked", "Ended", "Bare"]),
        ("?orderBy=created", ["Northgate Training Ltd", "Bare", "Linked", "Waiting", "Ended"]),
    ],
)
def test_companies_are_filtered_and_ordered(
    program: Program, several: list[Company], query: str, found: list[str]
) -> None:
    assert names(program, query) == found


def test_pages_are_numbered_as_codats_are(program: Program, several: list[Company]) -> None:
    page = read(program.call("GET", f"{COMPANIES}?page=2&pageSize=2&orderBy=name"))
    assert [one["name"] for one in page["results"]] == ["Linked", "Northgate Training Ltd"]
    assert (page["pageNumber"], page["pageSize"], page["totalResults"]) == (2, 2, 5)
    assert page["_links"] == {
        "self": {"href": COMPANIES},
        "current": {"href": f"{COMPANIES}?page=2&pageSize=2&orderBy=name"},
        "next": {"href": f"{COMPANIES}?page=3&pageSize=2&orderBy=name"},
        "previous": {"href": f"{COMPANIES}?page=1&pageSize=2&orderBy=name"},
    }
    assert set(read(program.call("GET", page["_links"]["next"]["href"]))["_links"]) == {"self", "current", "previous"}
    assert names(program, "?page=4&pageSize=2") == []


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("?page=0", [("page", "It must be a whole number from 1 to 1,000,000.")]),
        ("?page=1.0&pageSize=2001", [("page", "It must be a whole number from 1 to 1,000,000."),
                                    ("pageSize", "It must be a whole number from 1 to 2,000.")]),
        ("?page=１", [("page", "It must be a whole number from 1 to 1,000,000.")]),
        ("?page=1&page=2", [("page", "It is given twice.")]),
        ("?isLive=1", [("isLive", "It must be true or false.")]),
        ("?orderBy=id", [("orderBy", "It must be one of name, -name, created, -created.")]),
        ("?status=linked", [("status", ("It must be one of Blank, PendingAuth, Linked, Unlinked, Deauthorised, "
                                       "Deauthorized."))]),
        ("?colour=blue", [("colour", ("There is no such parameter. Known are page, pageSize, name, status, isLive, "
                                     "isClosed, orderBy."))]),
        ("?name=%00", [("name", "It must not contain the character NUL.")]),
    ],
)  # fmt: skip
def test_a_query_that_is_wrong_is_told_by_its_parameters(
    program: Program, query: str, details: list[tuple[str, str]]
) -> None:
    response = program.call("GET", COMPANIES + query)
    assert (response.status_code, read(response)) == (400, error(400, QUERY, *details))


def test_a_parameter_where_there_are_none_is_refused_as_well(program: Program) -> None:
    response = program.call("GET", f"{COMPANIES}/{program.company.pk}?page=1")
    assert (response.status_code, read(response)) == (400, error(400, QUERY, ("page", "There is no such parameter.")))


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(program: Program, several: list[Company]) -> None:
    def queries(size: int) -> int:
        names(program)  # the minute of the token's last use
        with CaptureQueriesContext(database) as captured:
            names(program, f"?pageSize={size}")
        return len(captured)

    assert queries(1) == queries(5)


def test_going_live_tells_everything_that_is_missing(program: Program) -> None:
    Company.objects.update(live_at=None)
    refused = program.call("POST", "live")
    assert (refused.status_code, read(refused)["error"]) == (409, "It cannot go live yet: 2 things are missing.")
    assert [one["message"].split(".")[0] for one in read(refused)["details"]] == [
        "No accounting system is chosen", "No address has a token",
    ]  # fmt: skip


def test_a_company_goes_live_once(program: Program, books: Connection, source: Connection) -> None:
    from portal.connections.services import open_endpoint
    from portal.connections.tokens import issue_token

    Company.objects.update(live_at=None)
    Connection.objects.filter(pk=books.pk).update(confirmed_at=timezone.now())
    issue_token(open_endpoint(source, who="tests"), who="tests")
    told = program.call("POST", "live")
    assert told.status_code == 200
    since = read(told)["live"]
    assert since is not None
    assert read(program.call("POST", "live"))["live"] == since


def test_a_body_where_there_is_none_is_refused(program: Program) -> None:
    response = program.call("POST", "live", {"a": 1})
    sentence = "This request takes no body."
    assert (response.status_code, read(response)) == (400, error(400, sentence, ("", sentence)))


def test_every_answer_says_how_often_one_may_call(program: Program) -> None:
    import time_machine

    with time_machine.travel(datetime(2026, 11, 20, 12, 0, 15, tzinfo=UTC), tick=False) as clock:
        left = [program.call("GET", path).headers for path in (COMPANIES, f"{COMPANIES}?page=0", "nowhere")]
        assert [one["X-Rate-Limit-Remaining"] for one in left] == ["59", "58", "57"]
        assert {one["Cache-Control"] for one in left} == {"no-store"}
        assert {one["X-Rate-Limit-Limit"] for one in left} == {"60"}
        assert {one["X-Rate-Limit-Reset"] for one in left} == {"2026-11-20T12:02:00Z"}
        clock.shift(timedelta(minutes=1, seconds=45))
        assert program.call("GET", COMPANIES).headers["X-Rate-Limit-Remaining"] == "59"


# --- integrations ----------------------------------------------------------------------------------------------------


def test_integrations_tell_what_they_can_and_need(program: Program) -> None:
    told = read(program.call("GET", "/api/v1/integrations/demo"))
    assert (told["key"], told["name"], told["sourceType"], told["enabled"], told["isLinkedByVisit"]) == (
        "demo", "Demo Books", "Accounting", True, False,
    )  # fmt: skip
    assert told["logoUrl"].endswith("/api/logos/demo.svg")
    assert [(one["key"], one["isSecret"], one["isRequired"]) for one in told["settings"]] == [
        ("base_url", False, True), ("company_id", False, True), ("token", True, True),
    ]  # fmt: skip
    features = {
        one["dataType"]: [f["featureType"] for f in one["supportedFeatures"]] for one in told["datatypeFeatures"]
    }
    assert features["bills"] == ["Post", "UploadAttachment"]
    assert features["suppliers"] == ["Get"]


def test_every_installed_integration_is_told_and_filtered_by_type(program: Program) -> None:
    def keys(query: str = "") -> set[str]:
        return {one["key"] for one in read(program.call("GET", f"/api/v1/integrations{query}"))["results"]}

    assert {"ledger", "demo", "tryton", "odoo", "accountsiq", "codat", "icompleat", "accessplanit"} == keys()
    assert keys("?type=Expense") == {"icompleat"}
    assert keys("?type=Commerce") == {"accessplanit"}
    assert keys("?sourceType=Expense") == keys("?type=Expense")
    assert keys("?type=Accounting") == keys() - {"icompleat", "accessplanit"}
    assert keys("?type=Accounting&sourceType=Expense") == set()
    assert "codat" in keys("?enabled=false")
    assert "codat" not in keys("?enabled=true")


def test_a_logo_is_a_monogram_of_ours_for_everybody() -> None:
    from django.test import Client

    response = Client().get("/api/logos/demo.svg")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/svg+xml")
    assert b">DB<" in response.content
    assert Client().get("/api/logos/none.svg").status_code == 404


def test_another_companys_source_is_no_accounting_connection(program: Program, source: Connection) -> None:
    assert source.side == Side.SOURCE
    assert read(program.call("GET", ""))["status"] == "Blank"
