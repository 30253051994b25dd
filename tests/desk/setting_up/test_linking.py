"""From the choice of an accounting system to the company that is confirmed, page by page."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
import requests
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.connections import registry
from portal.connections.access.linked import forget
from portal.connections.models import Connection, Status, Visit, VisitOutcome
from portal.events.models import AuditEvent
from portal.reference.sync.models import SyncRun
from tests.connections.access.conftest import linked
from tests.connections.access.vendor import CLIENT_SECRET, SLUG, Agreed, Vendor
from tests.desk.setting_up.conftest import Beginner
from tests.factories import CompanyFactory, LedgerConnectionFactory, MemberFactory, a_document, accepted

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def offered(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The vendor of the tests beside those that are installed."""
    known = {**registry.accounting_systems(), SLUG: Agreed}
    for place in ("choosing.accounting_systems",):
        monkeypatch.setattr(f"portal.connections.{place}", lambda: known)
    for module in ("views.authorising", "ways"):
        monkeypatch.setattr(f"portal.desk.setting_up.{module}.accounting_systems", lambda: known)


def form(vendor: Vendor, way: str = "visit", secret: str = CLIENT_SECRET) -> dict[str, str]:
    return {"setting__base_url": vendor.url, "setting__way": way, "secret__client_secret": secret}


def chosen(olga: Beginner, vendor: Vendor) -> None:
    """The vendor is chosen, and what a visit needs is entered."""
    olga.send("choose", {"system": SLUG})
    olga.send("authorise", form(vendor))


def travel(olga: Beginner, *, agreed: bool = True) -> Any:
    """Through the doors: what the browser is shown when it comes back."""
    page = olga.see("authorise")
    hidden = dict(re.findall(r'<input type="hidden" name="(next|origin|asks)" value="([^"]*)"', page))
    data = {**hidden, "agreed": "yes"} if agreed else hidden
    shown = olga.client.post(reverse("connections:depart", args=[olga.connection.pk]), data)
    if shown.status_code != 200:
        return shown
    [url] = re.findall(r'href="([^"]*)" rel="noreferrer"', shown.content.decode())
    there = requests.get(unescape(url), allow_redirects=False, timeout=10)
    return olga.client.get(there.headers["Location"].removeprefix("http://127.0.0.1:8000"))


# --- choosing --------------------------------------------------------------------------------------------------------


def test_every_system_has_a_card_with_what_it_takes(olga: Beginner) -> None:
    body = olga.see("choose")
    for name in ("AccountsIQ", "Agreed Books", "Odoo", "Postroom ledger", "Tryton"):
        assert f"<h2>{name}</h2>" in body
    assert "<h2>Codat</h2>" not in body, "the installation has no key for it"
    assert "Purchase orders" in body
    assert '<span class="visually-hidden">: not taken</span>' in body
    assert reverse("desk:vendor-page", args=["odoo", "support"]) in body


def test_a_search_narrows_the_cards_and_says_what_to_do_when_none_is_left(olga: Beginner) -> None:
    body = olga.see("choose", "?q=tryt")
    assert re.findall(r"<h2>([^<]*)</h2>", body) == ["Tryton"]
    body = olga.see("choose", "?q=<b>kashflow")
    assert "No accounting system is called “&lt;b&gt;kashflow”" in body
    assert "Mine is not listed" in body


def test_choosing_begins_and_choosing_again_begins_anew(olga: Beginner) -> None:
    assert olga.send("choose", {"system": "odoo"})["Location"] == olga.url("authorise")
    assert (olga.connection.integration, olga.connection.status) == ("odoo", Status.PENDING_AUTH)
    olga.send("choose", {"system": "tryton"})
    assert olga.connection.integration == "tryton"
    assert "Tryton was chosen and is not linked yet." in olga.see("choose")


@pytest.mark.parametrize("system", ["", "codat:gbol", "nothing", "icompleat"])
def test_what_is_not_among_the_cards_is_not_begun(olga: Beginner, system: str) -> None:
    assert (
        "Choose one of the accounting systems on this page." in olga.send("choose", {"system": system}).content.decode()
    )
    assert not Connection.objects.exists()


def test_what_is_linked_is_unlinked_before_another_one_is_chosen(olga: Beginner) -> None:
    LedgerConnectionFactory.create(company=olga.company)
    assert "unlink it first" in olga.see("choose")
    answer = olga.send("choose", {"system": "odoo"})
    assert "Unlink it first, then choose another accounting system." in answer.content.decode()
    assert olga.connection.integration == "ledger"


def test_a_way_out_leads_to_the_vendor_and_nowhere_else(olga: Beginner) -> None:
    def leads(*names: str) -> Any:
        return olga.client.get(reverse("desk:vendor-page", args=names))

    assert leads("odoo", "support")["Location"] == "https://www.odoo.com/help"
    for names in (("odoo", "other"), ("ledger", "help"), ("nobody", "help")):
        assert leads(*names).status_code == 404


# --- what the button leads to ---------------------------------------------------------------------------------------


def buttons(body: str) -> list[str]:
    """What is to be pressed in the form of the settings."""
    [part] = re.findall(r'<div id="form-buttons".*?</div>\s*(?:<p class="help">|</form>|\Z)', body, re.DOTALL)
    return [one.strip() for one in re.findall(r"<button[^>]*>(.*?)</button>", part)]


def test_the_button_says_whether_a_visit_follows(olga: Beginner, vendor: Vendor) -> None:
    olga.send("choose", {"system": SLUG})
    assert buttons(olga.see("authorise")) == ["Save and go on to Agreed Books"]
    olga.send("authorise", form(vendor))
    body = olga.see("authorise")
    assert buttons(body) == ["Save the settings"]
    assert ">Authorise</button>" in body


def test_a_form_that_is_proven_says_so(olga: Beginner) -> None:
    olga.send("choose", {"system": "tryton"})
    assert buttons(olga.see("authorise")) == ["Test and link", "Test only"]


def test_the_button_follows_what_is_typed_in(olga: Beginner, vendor: Vendor) -> None:
    olga.send("choose", {"system": SLUG})
    body = olga.see("authorise")
    assert 'hx-params="not secret__client_secret"' in body
    typed = {**form(vendor, "form"), "shown_way": "visit"}
    answer = olga.send("authorise-way", typed)
    assert buttons(answer.content.decode()) == ["Test and link", "Test only"]
    assert olga.send("authorise-way", {**typed, "shown_way": "form"}).status_code == 204
    assert CLIENT_SECRET not in answer.content.decode()
    assert "way" not in olga.connection.settings


def test_nobody_is_sent_off_with_settings_that_were_not_saved(olga: Beginner, vendor: Vendor) -> None:
    olga.send("choose", {"system": SLUG})
    olga.send("authorise", form(vendor, "form"))
    body = olga.send("authorise", {**form(vendor, "visit"), "setting__base_url": ""}).content.decode()
    assert buttons(body) == ["Save and go on to Agreed Books"]
    assert ">Authorise</button>" not in body


# --- by nothing, and by a form ---------------------------------------------------------------------------------------


def test_the_ledger_needs_one_click_and_is_synchronised_at_once(olga: Beginner, rung: list[int]) -> None:
    olga.send("choose", {"system": "ledger"})
    assert "Open the books" in olga.see("authorise")
    olga.send("authorise")
    assert (olga.connection.status, olga.connection.confirmed_at is None) == (Status.LINKED, False)
    assert len(rung) == SyncRun.objects.filter(connection=olga.connection).count() > 3


def test_a_form_is_proven_before_it_is_kept(olga: Beginner, vendor: Vendor, rung: list[int]) -> None:
    olga.send("choose", {"system": SLUG})
    body = olga.send("authorise", form(vendor, "form", "another-secret")).content.decode()
    assert 'href="#field-secret__client_secret"' in body
    assert "another-secret" not in body
    assert (olga.connection.status, olga.connection.secrets) == (Status.PENDING_AUTH, {})

    answer = olga.send("authorise", form(vendor, "form"))
    assert answer["Location"] == olga.url("confirm-company")
    assert (olga.connection.status, olga.connection.secrets) == (Status.LINKED, {"client_secret": CLIENT_SECRET})
    assert CLIENT_SECRET not in olga.see("authorise")
    assert rung == [], "nobody has said yet whose data it is"


def test_a_test_keeps_nothing(olga: Beginner, vendor: Vendor) -> None:
    olga.send("choose", {"system": SLUG})
    for headers in ({}, {"HX-Request": "true"}):
        body = olga.send("authorise-test", form(vendor, "form"), headers=headers).content.decode()
        assert "Agreed Books answers as <strong>Northgate Ltd</strong>" in body
        assert ("<html" in body) is not bool(headers)
    assert (olga.connection.status, olga.connection.settings) == (Status.PENDING_AUTH, {})


def test_a_private_address_is_refused_where_the_installation_says_so(
    olga: Beginner, vendor: Vendor, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False
    olga.send("choose", {"system": "odoo"})
    asked = registry.accounting_systems()["odoo"].metadata.settings
    typed = {f"{'secret' if one.secret else 'setting'}__{one.key}": one.default or "filled" for one in asked}
    for url in (vendor.url, "https://127.0.0.1:9", "https://169.254.169.254"):
        body = olga.send("authorise", {**typed, "setting__base_url": url}).content.decode()
        assert 'href="#field-setting__base_url"' in body
    assert olga.connection.status == Status.PENDING_AUTH


def test_a_company_of_somebody_else_is_not_named(olga: Beginner, vendor: Vendor) -> None:
    other = linked(vendor, way="form")
    Connection.objects.filter(pk=other.pk).update(external_company_id="1042")
    olga.send("choose", {"system": SLUG})
    body = olga.send("authorise", form(vendor, "form")).content.decode()
    assert "is linked to another company of this installation already" in body
    assert str(other.company) not in body


# --- by a visit ------------------------------------------------------------------------------------------------------


def test_nobody_is_sent_away_who_has_not_agreed(olga: Beginner, vendor: Vendor) -> None:
    chosen(olga, vendor)
    answer = travel(olga, agreed=False)
    assert answer["Location"] == olga.url("authorise")
    assert "tick the box" in olga.see("authorise")
    assert not Visit.objects.exists()


def test_a_visit_leads_to_the_question_whether_it_is_the_right_company(olga: Beginner, vendor: Vendor) -> None:
    chosen(olga, vendor)
    back = travel(olga)
    [made] = Visit.objects.all()
    assert back["Location"] == olga.url("visit", made.pk)
    assert olga.client.get(back["Location"])["Location"] == olga.url("confirm-company")
    body = olga.see("confirm-company")
    assert '<h2 id="linked-head">Northgate Ltd</h2>' in body
    assert "message-success" not in body


def unwilling(vendor: Vendor, _: Beginner) -> None:
    vendor.says = "no"


def broken(vendor: Vendor, _: Beginner) -> None:
    vendor.fails_with = 503


def somebody_else(_: Vendor, olga: Beginner) -> None:
    Connection.objects.filter(pk=olga.connection.pk).update(
        external_company_id="2077", external_company_name="Quay Ltd"
    )


def taken(vendor: Vendor, _: Beginner) -> None:
    Connection.objects.filter(pk=linked(vendor).pk).update(external_company_id="1042")


@pytest.mark.parametrize(
    ("happens", "outcome", "heading", "offers"),
    [
        (unwilling, VisitOutcome.CANCELLED, "Nothing was linked: you said no", "Choose another accounting system"),
        (broken, VisitOutcome.FAILED, "It could not be linked", "Choose another accounting system"),
        (somebody_else, VisitOutcome.ANOTHER_COMPANY, "That was another company", "Unlink it"),
        (taken, VisitOutcome.TAKEN, "That company is linked elsewhere already", "Choose another company there"),
    ],
)
def test_each_outcome_has_its_page_with_the_next_step(
    olga: Beginner, vendor: Vendor, happens: Any, outcome: VisitOutcome, heading: str, offers: str
) -> None:
    chosen(olga, vendor)
    happens(vendor, olga)
    shown = olga.client.get(travel(olga)["Location"])
    visit, body = Visit.objects.get(), shown.content.decode()
    assert visit.outcome == outcome
    assert f"<h1>{heading}</h1>" in body
    assert offers in body
    assert unescape(visit.message) in unescape(body)
    assert olga.connection.status == Status.PENDING_AUTH


def test_a_visit_is_shown_to_who_made_it_alone(olga: Beginner, vendor: Vendor) -> None:
    vendor.says = "no"
    chosen(olga, vendor)
    address = travel(olga)["Location"]
    colleague = MemberFactory.create(tenant=olga.company.tenant).user
    olga.client.force_login(colleague)
    assert olga.client.get(address).status_code == 404


def test_the_same_company_again_needs_no_second_confirmation(olga: Beginner, vendor: Vendor) -> None:
    chosen(olga, vendor)
    travel(olga)
    olga.send("confirm-company")
    confirmed_at = olga.connection.confirmed_at
    Connection.objects.update(status=Status.DEAUTHORISED)
    assert "no longer accepts our access to Northgate Ltd" in olga.see("authorise")
    body = olga.client.get(travel(olga)["Location"]).content.decode()
    assert "<h1>Linked</h1>" in body
    assert (olga.connection.status, olga.connection.confirmed_at) == (Status.LINKED, confirmed_at)


# --- confirming ------------------------------------------------------------------------------------------------------


@pytest.fixture
def arrived(olga: Beginner, vendor: Vendor) -> Beginner:
    """Linked, and not confirmed."""
    olga.send("choose", {"system": SLUG})
    olga.send("authorise", form(vendor, "form"))
    Connection.objects.update(there={"base_currency": "GBP", "legal_name": "Northgate Limited", "registration": "0815"})
    return olga


def test_what_is_known_of_the_company_is_shown(arrived: Beginner) -> None:
    body = arrived.see("confirm-company")
    for fact in ("Northgate Ltd", "Northgate Limited", "0815", "GBP"):
        assert fact in body
    assert "Call this company" not in body


def test_confirming_begins_the_first_sync_once(arrived: Beginner, rung: list[int], monkeypatch: Any) -> None:
    monkeypatch.setattr("portal.reference.sync.asking.kinds_of", lambda _: ["supplier", "account"])
    for _ in range(2):
        arrived.send("confirm-company")
    assert arrived.connection.confirmed_at is not None
    assert len(rung) == 2
    assert AuditEvent.objects.filter(verb="connection.confirmed").count() == 1


@pytest.mark.parametrize(("ticked", "name", "is_temporary"), [(True, "Northgate Ltd", False), (False, "New one", True)])
def test_a_temporary_name_is_replaced_only_when_asked(
    arrived: Beginner, *, ticked: bool, name: str, is_temporary: bool
) -> None:
    arrived.company.name, arrived.company.name_is_temporary = "New one", True
    arrived.company.save()
    assert re.search(r'<input type="checkbox" name="take_name"[^>]* checked', arrived.see("confirm-company"))
    arrived.send("confirm-company", {"take_name": "on"} if ticked else {})
    arrived.company.refresh_from_db()
    assert (arrived.company.name, arrived.company.name_is_temporary) == (name, is_temporary)
    assert arrived.connection.confirmed_at is not None


def test_a_name_that_is_taken_here_is_said_and_can_be_left(arrived: Beginner) -> None:
    CompanyFactory.create(tenant=arrived.company.tenant, name="Northgate LTD")
    arrived.company.name, arrived.company.name_is_temporary = "New one", True
    arrived.company.save()
    body = arrived.send("confirm-company", {"take_name": "on"}).content.decode()
    assert "leave this box empty now" in body
    assert arrived.connection.confirmed_at is None
    arrived.send("confirm-company")
    assert arrived.connection.confirmed_at is not None


def test_another_currency_is_said_and_taken_over(arrived: Beginner) -> None:
    arrived.company.base_currency = "EUR"
    arrived.company.save()
    assert "The books there are in GBP, and not in EUR" in arrived.see("confirm-company")
    arrived.send("confirm-company")
    arrived.company.refresh_from_db()
    assert arrived.company.base_currency == "GBP"
    assert AuditEvent.objects.get(verb="company.base_currency_changed").company_id == arrived.company.pk


def test_another_currency_is_refused_where_there_are_transactions(arrived: Beginner) -> None:
    Connection.objects.update(there={"base_currency": "USD"})
    accepted(arrived.connection, a_document())
    assert "has transactions in GBP already" in arrived.see("confirm-company")
    arrived.send("confirm-company")
    arrived.company.refresh_from_db()
    assert (arrived.company.base_currency, arrived.connection.confirmed_at) == ("GBP", None)


def test_a_currency_that_was_not_told_is_asked_for_again(arrived: Beginner) -> None:
    Connection.objects.update(there={})
    assert "has not told the currency" in arrived.see("confirm-company")
    arrived.send("ask-company")
    assert arrived.connection.there == {"base_currency": "GBP"}


def test_the_wrong_company_is_ended_and_begun_anew(arrived: Beginner, vendor: Vendor) -> None:
    before = arrived.connection
    assert "What will happen" in arrived.see("start-again")
    arrived.send("start-again")
    before.refresh_from_db()
    assert (before.status, before.secrets) == (Status.UNLINKED, {})
    fresh = arrived.connection
    assert (fresh.status, fresh.integration, fresh.external_company_id, fresh.secrets) == (
        Status.PENDING_AUTH, SLUG, "", {},
    )  # fmt: skip
    assert fresh.settings == {"base_url": vendor.url, "way": "form"}


def test_what_was_confirmed_is_not_started_again(arrived: Beginner) -> None:
    arrived.send("confirm-company")
    body = arrived.send("start-again").content.decode()
    assert "There is nothing to start again" in body
    assert arrived.connection.status == Status.LINKED


# --- where it stands -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (Status.BLANK, "Choose the accounting system first"),
        (Status.PENDING_AUTH, "It was chosen and is not linked yet."),
        (Status.LINKED, "nobody has said yet that it is the right company"),
        (Status.DEAUTHORISED, "no longer accepts our access"),
        (Status.UNLINKED, "Choose the accounting system first"),
    ],
)
def test_the_page_says_what_to_do_next(olga: Beginner, vendor: Vendor, status: Status, says: str) -> None:
    olga.send("choose", {"system": SLUG})
    Connection.objects.update(status=status)
    assert says in olga.see("accounting")


def test_a_system_that_is_not_installed_any_more_breaks_no_page(olga: Beginner) -> None:
    LedgerConnectionFactory.create(company=olga.company)
    Connection.objects.update(integration="gone")
    assert "gone is not installed any more" in olga.see("accounting")
    assert olga.client.get(olga.url("authorise"))["Location"] == olga.url("accounting")


def test_pages_cost_the_same_with_many_companies_and_ended_connections(olga: Beginner, vendor: Vendor) -> None:
    olga.send("choose", {"system": SLUG})
    olga.send("authorise", form(vendor, "form"))
    names = ("accounting", "choose", "authorise", "confirm-company", "start-again", "company-name")

    def costs() -> list[int]:
        found = []
        for name in names:
            with CaptureQueriesContext(database) as captured:
                olga.see(name)
            found.append(len(captured))
        return found

    before = costs()
    for _ in range(5):
        forget(linked(vendor, status=Status.UNLINKED))
        CompanyFactory.create(tenant=olga.company.tenant)
        LedgerConnectionFactory.create(company=olga.company, status=Status.UNLINKED)
    assert costs() == before


def test_a_name_that_came_from_us_is_none_to_take_over(arrived: Beginner) -> None:
    arrived.company.name_is_temporary = True
    arrived.company.save()
    Connection.objects.update(there={})
    body = arrived.see("confirm-company")
    assert "nor a name of its own" in body
    assert "Call this company" not in body
    arrived.send("confirm-company", {"take_name": "on"})
    arrived.company.refresh_from_db()
    assert arrived.company.name_is_temporary
