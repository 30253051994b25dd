"""The accounting systems behind an integration that stands for many: listed, chosen and linked, by the API alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import requests
from django.core.cache import cache
from django.test import Client

from integrations.codat.addresses import redirect_url
from portal.connections.models import Connection, IntegrationSettings, Status
from tests.api.calling import Program, error, read
from tests.factories import MemberFactory
from tests.integrations.codat.conftest import app, codat, state  # noqa: F401 - the served stand-in
from tests.integrations.codat.rig import KEY, Codat

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
OURS = "http://127.0.0.1:8000"
WRONG = "The body has errors; nothing was done."
NO_SUCH = "Codat has no such accounting system here that takes documents. See which, with its platforms."


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def there(codat: Codat) -> Codat:  # noqa: F811
    """The operator has an account at Codat, which sends people back to us."""
    IntegrationSettings.objects.create(integration="codat", settings={"base_url": codat.url}, secrets={"api_key": KEY})
    codat.set(profile={"name": "Postroom", "redirectUrl": redirect_url(f"{OURS}/link/back/"), "whiteListUrls": []})
    return codat


def platforms(program: Program, key: str = "codat", query: str = "") -> Any:
    return program.call("GET", f"integrations/{key}/platforms{query}")


def begin(program: Program, platform: str) -> Any:
    return program.call("POST", "connections", {"platformKey": "codat", "settings": {"platform": platform}})


def visited(link_url: str, owner: Client, connection_id: str) -> Any:
    """An owner agrees over there; what the browser is shown afterwards."""
    page = owner.get(link_url.removeprefix(OURS)).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(next|origin|asks)" value="([^"]*)"', page))
    leaving = owner.post(f"/link/{connection_id}/", {**hidden, "agreed": "yes"}).content.decode()
    [url] = re.findall(r'href="([^"]*)" rel="noreferrer"', leaving)
    answer = requests.post(unescape(url), data={"do": "approve"}, allow_redirects=False, timeout=20)
    return owner.get(answer.headers["Location"].removeprefix(OURS))


def test_a_company_is_linked_to_a_platform_from_the_list_to_its_first_question(program: Program, there: Codat) -> None:
    found = {one["name"]: one for one in read(platforms(program))["results"]}
    xero = found["Xero"]
    assert (xero["settings"], xero["enabled"]) == ({"platform": "gbol"}, True)
    assert {"bills", "purchaseOrders"} <= set(xero["takes"])
    begun = program.call("POST", "connections", {"platformKey": "codat", "settings": xero["settings"]})
    told = read(begun)
    assert (begun.status_code, told["status"], told["platformName"]) == (201, "PendingAuth", "Xero")
    owner = Client()
    owner.force_login(MemberFactory.create(tenant=program.company.tenant, role="owner").user)
    visited(told["linkUrl"], owner, told["id"])
    linked = read(program.call("GET", f"connections/{told['id']}"))
    assert (linked["status"], linked["platformName"]) == ("Linked", "Xero")
    info = read(program.call("GET", "data/info?refresh=true"))
    assert (info["companyName"], info["platformName"]) == ("Harbour Street Studios Ltd", "Xero")


@pytest.mark.parametrize("key", ["ledger", "demo", "icompleat"])
def test_one_that_stands_for_itself_has_none(program: Program, key: str) -> None:
    answer = platforms(program, key)
    assert (answer.status_code, read(answer)["results"]) == (200, [])
    assert not read(program.call("GET", f"/api/v1/integrations/{key}"))["hasPlatforms"]


def test_an_integration_says_whether_it_has_some_and_one_that_there_is_not_is_404(program: Program) -> None:
    assert read(program.call("GET", "/api/v1/integrations/codat"))["hasPlatforms"]
    assert platforms(program, "nothing").status_code == 404


def test_one_without_the_operators_key_is_a_conflict(program: Program) -> None:
    sentence = "Codat is not offered here: the operator of this installation has to enter its keys first."
    for refused in (platforms(program), begin(program, "gbol")):
        assert (refused.status_code, read(refused)) == (409, error(409, sentence))
    assert not Connection.objects.filter(integration="codat").exists()


def test_they_come_in_pages(program: Program, there: Codat) -> None:
    first = read(platforms(program, query="?pageSize=1"))
    assert (len(first["results"]), first["totalResults"] > 1) == (1, True)
    assert "page=2" in first["_links"]["next"]["href"]


@pytest.mark.parametrize("platform", ["none", "gbo", "' OR 1=1"])
def test_a_platform_that_there_is_not_is_refused_at_its_setting(program: Program, there: Codat, platform: str) -> None:
    refused = begin(program, platform)
    assert (refused.status_code, read(refused)) == (400, error(400, WRONG, ("settings.platform", NO_SUCH)))
    assert not Connection.objects.filter(integration="codat").exists()


def test_another_platform_may_be_given_with_the_authorization_if_there_is_one(program: Program, there: Codat) -> None:
    blank = program.call("POST", "connections", {"platformKey": "codat"})
    told = read(blank)
    assert (blank.status_code, told["status"]) == (201, "Blank")
    address = f"connections/{told['id']}/authorization"
    refused = program.call("PUT", address, {"platform": "none"})
    assert (refused.status_code, read(refused)) == (400, error(400, WRONG, ("platform", NO_SUCH)))
    assert Connection.objects.get(pk=told["id"]).status == Status.BLANK
    assert program.call("PUT", address, {"platform": "fbrh"}).status_code == 200
    assert Connection.objects.get(pk=told["id"]).settings["platform"] == "fbrh"


def test_while_they_cannot_be_listed_it_is_503_and_nothing_is_begun(program: Program) -> None:
    IntegrationSettings.objects.create(
        integration="codat", settings={"base_url": "http://127.0.0.1:9/codat"}, secrets={"api_key": KEY}
    )
    for refused in (platforms(program), begin(program, "gbol"), platforms(program)):
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
        assert read(refused)["error"].startswith("The accounting systems behind Codat cannot be listed at this moment")
    assert not Connection.objects.filter(integration="codat").exists()
