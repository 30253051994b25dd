"""A connection is linked by a form: proven first, and only to a company that nobody else has."""

from __future__ import annotations

import pytest

from integrations.errors import Misconfigured, Unauthorised
from portal.connections.access.models import VisitOutcome
from portal.connections.by_form import keep_for_visit, link_by_form
from portal.connections.models import Connection, Status
from portal.events.models import AuditEvent
from tests.connections.access.conftest import linked
from tests.connections.access.vendor import CLIENT_SECRET, SLUG, Vendor
from tests.factories import CompanyFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
SECRETS = {"client_secret": CLIENT_SECRET}


@pytest.fixture
def begun(vendor: Vendor) -> Connection:
    """Chosen, and nothing entered yet; its company is not live."""
    company = CompanyFactory.create(live_at=None)
    return Connection.objects.create(company=company, integration=SLUG, status=Status.PENDING_AUTH)


def settings(vendor: Vendor) -> dict[str, str]:
    return {"base_url": vendor.url, "way": "form"}


def test_what_is_accepted_there_links_and_is_kept(begun: Connection, vendor: Vendor) -> None:
    assert link_by_form(begun, settings(vendor), SECRETS, who="olga")[0] is VisitOutcome.LINKED
    begun.refresh_from_db()
    assert (begun.status, begun.external_company_id, begun.external_company_name) == (
        Status.LINKED, "1042", "Northgate Ltd",
    )  # fmt: skip
    assert (begun.settings, begun.secrets, begun.there) == (settings(vendor), SECRETS, {"base_currency": "GBP"})
    assert begun.told["kinds"] == ["invoice"]
    assert (begun.confirmed_at, begun.paused) == (None, False)
    assert AuditEvent.objects.get(verb="connection.linked").who == "olga"


def test_what_is_refused_there_changes_nothing(begun: Connection, vendor: Vendor) -> None:
    with pytest.raises(Unauthorised):
        link_by_form(begun, settings(vendor), {"client_secret": "another"}, who="olga")
    with pytest.raises(Misconfigured) as error:
        link_by_form(begun, settings(vendor), {}, who="olga")
    begun.refresh_from_db()
    assert (error.value.field, begun.status, begun.settings, begun.secrets) == (
        "client_secret", Status.PENDING_AUTH, {}, {},
    )  # fmt: skip


def test_a_live_company_sends_nothing_until_somebody_has_confirmed_it(begun: Connection, vendor: Vendor) -> None:
    begun.company.live_at = begun.company.created_at
    begun.company.save()
    link_by_form(begun, settings(vendor), SECRETS, who="olga")
    begun.refresh_from_db()
    assert (begun.status, begun.paused) == (Status.LINKED, True)


def test_a_company_that_is_linked_elsewhere_is_not_linked_twice(begun: Connection, vendor: Vendor) -> None:
    other = linked(vendor, way="form")
    Connection.objects.filter(pk=other.pk).update(external_company_id="1042")
    outcome, message = link_by_form(begun, settings(vendor), SECRETS, who="olga")
    assert outcome is VisitOutcome.TAKEN
    assert str(other.company) not in message
    begun.refresh_from_db()
    assert (begun.status, begun.secrets) == (Status.PENDING_AUTH, {})


@pytest.mark.parametrize("change", [{"id": "2077", "name": "Northgate Ltd"}])
def test_another_company_than_before_is_refused(begun: Connection, vendor: Vendor, change: dict[str, str]) -> None:
    link_by_form(begun, settings(vendor), SECRETS, who="olga")
    vendor.company = change
    outcome, message = link_by_form(begun, {**settings(vendor), "extra": "x"}, {}, who="olga")
    assert outcome is VisitOutcome.ANOTHER_COMPANY
    assert "belongs to Northgate Ltd" in message
    begun.refresh_from_db()
    assert (begun.external_company_id, begun.settings) == ("1042", settings(vendor))


def test_at_another_address_the_same_id_may_be_another_company(begun: Connection, vendor: Vendor) -> None:
    link_by_form(begun, settings(vendor), SECRETS, who="olga")
    with Vendor(company={"id": "1042", "name": "Somebody Else Ltd"}) as elsewhere:
        outcome, _ = link_by_form(begun, settings(elsewhere), SECRETS, who="olga")
        assert outcome is VisitOutcome.ANOTHER_COMPANY
        elsewhere.company = {"id": "1042", "name": "NORTHGATE LTD"}
        outcome, _ = link_by_form(begun, settings(elsewhere), SECRETS, who="olga")
        assert outcome is VisitOutcome.LINKED


def test_a_stored_secret_is_not_sent_to_another_address(begun: Connection, vendor: Vendor) -> None:
    link_by_form(begun, settings(vendor), SECRETS, who="olga")
    with Vendor() as elsewhere, pytest.raises(Misconfigured, match="The address is another one than before"):
        link_by_form(begun, settings(elsewhere), {}, who="olga")
    assert link_by_form(begun, settings(vendor), {}, who="olga")[0] is VisitOutcome.LINKED


def test_linking_again_needs_no_second_confirmation(begun: Connection, vendor: Vendor) -> None:
    link_by_form(begun, settings(vendor), SECRETS, who="olga")
    Connection.objects.filter(pk=begun.pk).update(confirmed_at=begun.created_at, status=Status.DEAUTHORISED)
    begun.company.live_at = begun.company.created_at
    begun.company.save()
    link_by_form(begun, settings(vendor), {}, who="olga")
    begun.refresh_from_db()
    assert (begun.status, begun.confirmed_at, begun.paused) == (Status.LINKED, begun.created_at, False)


def test_what_a_visit_needs_is_kept_without_asking_anybody(begun: Connection, vendor: Vendor) -> None:
    keep_for_visit(begun, {"base_url": vendor.url, "way": "visit"}, SECRETS, who="olga")
    assert (begun.status, begun.secrets, vendor.asked) == (Status.PENDING_AUTH, SECRETS, [])
    told = AuditEvent.objects.get(verb="connection.changed")
    assert (told.details["settings"], told.details["secrets"]) == (["base_url", "way"], ["client_secret"])
    assert CLIENT_SECRET not in told.message
