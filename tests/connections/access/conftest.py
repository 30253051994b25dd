"""A vendor with OAuth2, its connector among the installed ones, and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.connections import registry
from portal.connections.models import Connection, Status
from tests.connections.access.vendor import CLIENT_SECRET, SLUG, Agreed, Vendor
from tests.factories import DemoConnectionFactory


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """A served vendor; its connector is installed as `agreed`."""
    known = {**registry.accounting_systems(), SLUG: Agreed}
    monkeypatch.setattr(registry, "accounting_systems", lambda: known)
    with Vendor() as served:
        yield served


@pytest.fixture
def connection(vendor: Vendor) -> Connection:
    """Linked by a visit, whose token is wherever the test puts one."""
    return linked(vendor)


def linked(vendor: Vendor, *, way: str = "visit", status: Status = Status.LINKED) -> Connection:
    """A connection to the vendor."""
    made: Connection = DemoConnectionFactory.create(
        integration=SLUG, status=status, settings={"base_url": vendor.url, "way": way},
        secrets={"client_secret": CLIENT_SECRET},
    )  # fmt: skip
    return made
