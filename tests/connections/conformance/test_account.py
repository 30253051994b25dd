"""The account behind a connection is let in as the connection is: with what was told, and the installation's keys."""

from __future__ import annotations

import pytest

from integrations.http import Outbound
from portal.connections.conformance import account_of
from portal.connections.models import IntegrationSettings
from tests.factories import DemoConnectionFactory

pytestmark = pytest.mark.django_db


def test_a_connection_brings_all_that_it_is_let_in_by() -> None:
    IntegrationSettings.objects.create(
        integration="codat", settings={"base_url": "http://127.0.0.1:9"}, secrets={"api_key": "of-the-installation"}
    )
    told = {"company": "c-1", "connection": "k-1", "platform": "gbol"}
    connection = DemoConnectionFactory.create(
        integration="codat", settings={"platform": "gbol"}, secrets={}, told=told, company__name="Northgate Ltd"
    )
    link = account_of(connection).system(Outbound(allow_private=True)).link
    assert (link.told, link.company_name) == (told, "Northgate Ltd")
    assert link.secrets == {"api_key": "of-the-installation"}
    assert link.settings == {"base_url": "http://127.0.0.1:9", "platform": "gbol"}
