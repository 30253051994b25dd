"""What this installation has at Codat, what Codat has of us, and the codes of the books behind it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from playwright.sync_api import expect

from portal.operations.demo.stand_ins import DEPARTMENTS, EVENTS, SUPPLIERS
from tests.e2e.browser import Watched
from tests.e2e.people import look
from tests.e2e.processes import Town
from tests.e2e.unlinked import fill, map_codes, secret_of, tell
from tests.operations.running import get

CODAT: Final = "Codat"
XERO: Final = "gbol"
# What customers, who chose it, read everywhere.
PLATFORM: Final = "Xero"
# What is entered in the mapping's form, by the names of its fields.
TABLED: Final = {"supplier__how": "table", "dimension_0__name": "Department", "dimension_0__how": "table"}
HEADINGS: Final = "Family,Source code,Accounting code,Note"


def enter(staff: Watched, town: Town) -> None:
    """What the installation has at Codat: where it is, and our secrets."""
    page = staff.page
    staff.open("/admin/connections/integrationsettings/add/")
    look(staff, "linking-installation-choose")
    page.locator(".choices a").filter(has=page.get_by_text(CODAT, exact=True)).click()
    secret = base64.b64encode(secret_of(town, "codat-webhook-secret").encode()).decode()
    given = {
        "Address": f"{town.sandbox}/codat",
        "API key": secret_of(town, "codat-api-key"),
        "Signing secret of the webhook": f"whsec_{secret}",
    }
    for label, value in given.items():
        fill(page.get_by_label(f"{label}:", exact=True), value)
    look(staff, "linking-installation-form")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    look(staff, "linking-installation")


def listen(town: Town) -> None:
    """What is entered in Codat's own portal: whom its webhooks call."""
    key = base64.b64encode(secret_of(town, "codat-api-key").encode()).decode()
    address = f"{town.portal}/hooks/codat/"
    tell(town, "/codat/webhooks", authorisation=f"Basic {key}", url=address, eventTypes=EVENTS)


def return_to(town: Town, redirect_url: str) -> None:
    """And where people come back to."""
    tell(town, "/codat/control/settings", "PUT", profile={"name": "Postroom", "redirectUrl": redirect_url})


def there(town: Town, staff: Watched, connection: str) -> dict[str, Any]:
    """The connection over there that a connection here belongs to; `company` is the id of its company."""
    staff.open(connection)
    company = staff.page.get_by_label("External company id").input_value()
    every = get(f"{town.sandbox}/codat/control/companies").json()["companies"]
    [found] = [each for one in every if one["id"] == company for each in one["dataConnections"]]
    return {**found, "company": company}


def map_by_names(staff: Watched, town: Town, connection: str) -> None:
    """Suppliers and departments have other codes in Xero than in iCompleat."""
    map_codes(staff, connection, TABLED, rows_by_name(town, there(town, staff, connection)["id"]))


def rows_by_name(town: Town, connection: str) -> str:
    """The file that says so; `connection` is the one over there."""
    page = get(f"{town.sandbox}/codat/books/{connection}").text
    ids = {name: code for code, name in re.findall(r"<tr><td>([^<]+)</td><td>([^<]+)</td>", page)}
    return "\n".join([HEADINGS, *_rows(ids)])


def _rows(ids: Mapping[str, str]) -> Iterator[str]:
    yield from (f"supplier,{ours},{ids[name]}," for ours, name in SUPPLIERS.items())
    yield from (f"dimension:department,{ours},{name}," for ours, name in DEPARTMENTS.items())
