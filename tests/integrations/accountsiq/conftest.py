"""The stand-in for AccountsIQ, served: links to both of its doors, and a look into its books.

The limit of 100 REST calls within a second is off here; `sandbox.options(limit_per_second=100)` puts it back. So is
nothing else: an external reference is found only whole (`reference_match`), a supplier has one currency, and every
other open question of the real system is answered as `integrations/accountsiq/standin/options.py` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from integrations.accountsiq.sandbox import ACCESS_VARIABLE, build
from integrations.accountsiq.standin.furniture import COMPANY_ID, ENTITY
from integrations.accountsiq.standin.tokens import CLIENT_ID
from integrations.base import Link
from integrations.http import Outbound
from integrations.sandbox import Recorder, Server, Store, mount
from tests.integrations.accountsiq.seen_books import SECRET, RestCaller, SeenBooks, Served, SoapCaller


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """What the stand-in remembers, in a directory of its own."""
    monkeypatch.setenv(ACCESS_VARIABLE, SECRET)
    store = Store("accountsiq", tmp_path)
    yield store
    store.close()


@pytest.fixture
def recorder(state: Store) -> Recorder:
    """The stand-in, with what it was asked: `recorder.seen`."""
    return Recorder(build(state))


@pytest.fixture
def sandbox(recorder: Recorder) -> Iterator[Served]:
    """The stand-in, served."""
    with Server(mount({"accountsiq": recorder})) as server:
        served = Served(f"{server.url}/accountsiq")
        served.options(limit_per_second=0)
        yield served


@pytest.fixture
def rest_link(sandbox: Served) -> Link:
    """A connection by the REST interface, with client credentials."""
    settings = {
        "transport": "rest",
        "environment": "sandbox",
        "base_url": sandbox.rest_url,
        "company_ref": str(COMPANY_ID),
        "client_id": CLIENT_ID,
    }
    return Link(settings=settings, secrets={"client_secret": SECRET}, outbound=Outbound(allow_private=True))


@pytest.fixture
def visit_link(sandbox: Served, rest_link: Link) -> Link:
    """The same, where a person has to agree first."""
    return replace(rest_link, settings={**rest_link.settings, "authorize_url": f"{sandbox.url}/oauth2/authorize"})


@pytest.fixture
def soap_link(sandbox: Served) -> Link:
    """A connection by the SOAP interface."""
    settings = {
        "transport": "soap20",
        "environment": "sandbox",
        "region": "uk1",
        "base_url": sandbox.soap_url,
        "company_ref": ENTITY,
        "client_id": CLIENT_ID,
    }
    return Link(settings=settings, secrets={"client_secret": SECRET}, outbound=Outbound(allow_private=True))


@pytest.fixture
def rest_books(state: Store, sandbox: Served) -> SeenBooks:
    """The books, with external ids as the REST interface tells them."""
    return SeenBooks(state, "rest")


@pytest.fixture
def soap_books(state: Store, sandbox: Served) -> SeenBooks:
    """The books, with external ids as the SOAP interface tells them."""
    return SeenBooks(state, "soap20")


@pytest.fixture
def books(request: pytest.FixtureRequest, rest_books: SeenBooks, soap_books: SeenBooks) -> SeenBooks:
    """Those of a class of tests that says `transport = "soap20"`, else those of the REST interface."""
    return soap_books if getattr(request.cls, "transport", "rest") == "soap20" else rest_books


@pytest.fixture
def rest(sandbox: Served) -> RestCaller:
    """A caller of the REST door with a token."""
    return RestCaller(sandbox)


@pytest.fixture
def soap(sandbox: Served) -> SoapCaller:
    """A caller of the SOAP door with a token."""
    return SoapCaller(sandbox)
