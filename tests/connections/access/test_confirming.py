"""Somebody says that the right company was linked; until then nothing is sent for a company that is live."""

from __future__ import annotations

import pytest
from django.utils import timezone

from portal.connections.access.linked import CannotLink
from portal.connections.confirming import ask_again, confirm
from portal.connections.models import Connection, Side, Status
from portal.connections.services import connect
from portal.events.models import AuditEvent
from tests.connections.access.conftest import linked
from tests.connections.access.vendor import Vendor
from tests.factories import CompanyFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def test_confirming_lets_it_send_and_is_told_once(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(paused=True, external_company_name="Northgate Ltd")
    assert confirm(connection, who="olga")
    assert (connection.paused, connection.confirmed_at is None) == (False, False)
    Connection.objects.filter(pk=connection.pk).update(paused=True)
    assert not confirm(connection, who="olga")
    told = AuditEvent.objects.get(verb="connection.confirmed")
    assert told.message == f"Northgate Ltd at Agreed Books was confirmed as the books of {connection.company}."
    connection.refresh_from_db()
    assert connection.paused, "who pauses it later means it"


@pytest.mark.parametrize("status", [Status.PENDING_AUTH, Status.DEAUTHORISED, Status.UNLINKED])
def test_what_is_not_linked_is_not_confirmed(connection: Connection, status: Status) -> None:
    Connection.objects.filter(pk=connection.pk).update(status=status)
    with pytest.raises(CannotLink, match="nothing to confirm"):
        confirm(connection, who="olga")
    assert Connection.objects.get(pk=connection.pk).confirmed_at is None


def test_what_is_told_later_is_kept_and_another_company_is_not(vendor: Vendor) -> None:
    connection = linked(vendor, way="form")
    ask_again(connection)
    assert (connection.there, connection.external_company_id) == ({"base_currency": "GBP"}, "1042")
    vendor.company = {"id": "2077", "name": "Somebody Else Ltd"}
    with pytest.raises(CannotLink, match="Agreed Books names another company now: Somebody Else Ltd"):
        ask_again(connection)
    assert Connection.objects.get(pk=connection.pk).external_company_name == "Northgate Ltd"


def test_what_staff_link_is_confirmed_by_them() -> None:
    made = connect(CompanyFactory.create(), "demo", side=Side.ACCOUNTING, who="sam")
    assert made.confirmed_at == made.linked_at
    assert made.linked_at is not None
    assert made.linked_at <= timezone.now()
