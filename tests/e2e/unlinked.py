"""Companies of the town whose books are not linked to anything yet, and what people do to link them.

`python -m tests.e2e.unlinked <portal> <sandbox> <name>...` furnishes them, and tells what it made.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import Watched
from tests.e2e.people import look, row
from tests.e2e.processes import KEY, There, Town
from tests.operations.running import ROOT, environment, get

# In milliseconds. iCompleat waits for its answer for up to thirty seconds.
PATIENT: Final = 45_000
# What Codat has written is read back a minute later.
WITHIN: Final = 120_000


# --- who there is ----------------------------------------------------------------------------------------------------


def unlinked(town: Town, *names: str) -> tuple[There, ...]:
    """Companies that iCompleat sends documents of, and whose owner is the customer."""
    env = environment(town.directory, BASE_URL=town.portal, DJANGO_SETTINGS_MODULE="portal.settings")
    command = [sys.executable, "-m", "tests.e2e.unlinked", town.portal, town.sandbox, *names]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(There(**row) for row in json.loads(done.stdout.splitlines()[-1]))


def furnish(portal: str, sandbox: str, *names: str) -> list[dict[str, Any]]:
    """Runs with the portal's settings, in the tenant of the demo."""
    import django

    django.setup()
    from portal.operations.demo.icompleat import SandboxICompleat, add_custom_fields
    from portal.operations.demo.seed import ICOMPLEAT_TENANT, DemoSource, icompleat_link

    source, made = DemoSource(f"{sandbox}/icompleat", KEY), []
    there = SandboxICompleat(source.url)
    for name in names:
        there_id = str(uuid.uuid4())
        there.add_company(there_id, name, "GBP", ICOMPLEAT_TENANT)
        add_custom_fields(icompleat_link(there_id, source))
        row = _in_the_portal(name, there_id, icompleat_link(there_id, source), portal)
        for kind, endpoint in row["endpoints"].items():
            there.aim(there_id, kind, endpoint["url"], endpoint["token"])
        made.append(row)
    return made


def _in_the_portal(name: str, there_id: str, link: Any, portal: str) -> dict[str, Any]:
    from django.utils import timezone

    from integrations.documents import Kind
    from portal.connections.models import Side
    from portal.connections.services import connect, endpoint_url, open_endpoint
    from portal.connections.tokens import issue_token
    from portal.operations.demo.seed import TENANT
    from portal.tenants.models import Company, Tenant

    company = Company.objects.create(
        tenant=Tenant.objects.get(name=TENANT), name=name, base_currency="GBP",
        live_at=timezone.now() - timedelta(days=30),
    )  # fmt: skip
    source = connect(
        company, "icompleat", side=Side.SOURCE, secrets=link.secrets, who="tests",
        settings={**link.settings, "requests_per_minute": "600"},
        external_company_id=there_id, external_company_name=name,
    )  # fmt: skip
    opened = {kind.value: open_endpoint(source, kind=kind, who="tests") for kind in (Kind.INVOICE, Kind.CREDIT_NOTE)}
    endpoints = {
        kind: {"url": endpoint_url(one), "token": issue_token(one, who="tests")} for kind, one in opened.items()
    }
    return {"name": name, "id": str(company.pk), "icompleat_id": there_id, "endpoints": endpoints}


# --- the stand-ins ---------------------------------------------------------------------------------------------------


def secret_of(town: Town, name: str) -> str:
    """What a stand-in made up for itself."""
    return (town.directory / "sandbox" / name).read_text().strip()


def tell(town: Town, path: str, method: str = "POST", *, authorisation: str = "", **body: Any) -> Any:
    """Change something from outside; `authorisation` is the header of an interface that asks for one."""
    with requests.Session() as session:
        session.trust_env = False
        address = f"{town.sandbox}{path}"
        headers = {"Authorization": authorisation} if authorisation else {}
        answer = session.request(method, address, json=body, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def booked(town: Town, slug: str, company: str = "") -> list[dict[str, Any]]:
    """What stands in the books of a stand-in, whatever it answered; of one company there or of all."""
    query = f"?company={company}" if company else ""
    found: list[dict[str, Any]] = get(f"{town.sandbox}/{slug}/truth{query}").json()["documents"]
    return found


# --- staff -----------------------------------------------------------------------------------------------------------


def link(staff: Watched, company: There, integration: str, settings: Mapping[str, str]) -> str:
    """Enter a connection; the path of its page. Settings are named by their labels."""
    page = staff.page
    staff.open("/admin/connections/connection/add/")
    page.locator(".choices a").filter(has=page.get_by_text(integration, exact=True)).click()
    page.locator(".field-company .select2-selection").click()
    page.locator(".select2-search__field").fill(company.name)
    page.locator(".select2-results__option").filter(has_text=company.name).click()
    page.get_by_text("Not published by the vendor").click()
    for label, value in settings.items():
        # The last: the company of the portal has a label of its own above that of the integration's settings.
        fill(page.get_by_label(re.compile(f"^{label}:?$")).last, value)
    look(staff, f"linking-{integration}-form".lower())
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".messagelist .success")).to_contain_text("was added successfully")
    return urlsplit(page.url).path


def fill(field: Locator, value: str) -> None:
    """Fill in a field, or choose from it."""
    is_choice = field.evaluate("element => element.tagName") == "SELECT"
    field.select_option(value) if is_choice else field.fill(value)


def map_codes(staff: Watched, connection: str, tabled: Mapping[str, str], rows: str) -> None:
    """Have families of codes looked up in the table, and fill it from a CSV file. `tabled`: form field to value."""
    page = staff.page
    staff.open(connection)
    page.get_by_role("link", name=re.compile("^Mapping of codes")).click()
    mapping = page.url
    for name, value in tabled.items():
        fill(page.locator(f"[name={name}]"), value)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist .success")).to_contain_text("Saved.")
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("CSV file").set_input_files({"name": "c.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.get_by_role("button", name="Look at it").click()
    look(staff, "mapping-import")
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url(mapping)


def depart(staff: Watched, connection: str, name: str) -> Page:
    """As far as the other system's own page, and no further."""
    page = staff.page
    staff.open(connection)
    page.get_by_role("link", name="Authorise", exact=True).click()
    look(staff, f"linking-{name}-question".lower())
    page.get_by_role("button", name="Authorise", exact=True).click()
    expect(page.get_by_role("heading", name=f"On to {name}")).to_be_visible()
    look(staff, f"linking-{name}-leaving".lower())
    page.get_by_role("link", name=f"Continue to {name}").click()
    page.wait_for_url(lambda address: not address.startswith(staff.base))
    return page


def authorise(staff: Watched, connection: str, name: str, button: str = "Approve") -> Locator:
    """Out to the other system, press a button there, and come back; what the portal says then."""
    depart(staff, connection, name).get_by_role("button", name=button, exact=True).click()
    staff.page.wait_for_url(f"{staff.base}{connection}")
    return staff.page.locator(".messagelist")


def status(page: Page) -> Locator:
    """How the connection stands, on its own page."""
    return fact(page, "Status")


def fact(page: Page, name: str) -> Locator:
    """What its page says of it."""
    return page.locator("dl div").filter(has=page.get_by_text(name, exact=True)).locator("dd").first


def audited(staff: Watched, connection: str, verb: str) -> Locator:
    """The lines of a connection's audit trail with this verb."""
    staff.open(connection)
    staff.page.get_by_role("link", name="Audit trail").click()
    return row(staff.page, verb)


# --- documents -------------------------------------------------------------------------------------------------------


def approve(icompleat: Watched, town: Town, company: There, sample: str) -> tuple[str, Locator]:
    """Let one more document be approved in iCompleat: its number there, which no other has, and what iCompleat says."""
    number = ""
    while not (number and town.is_alone(number)):
        icompleat.open(f"/companies/{company.icompleat_id}")
        icompleat.page.get_by_label("Sample").select_option(sample)
        icompleat.page.get_by_role("button", name="Make it").click()
        number = town.transactions(company)[-1]["number"]
    icompleat.page.get_by_role("link", name=number, exact=True).click()
    icompleat.page.get_by_role("button", name=re.compile("^Approve ")).click(timeout=PATIENT)
    icompleat.page.get_by_role("status").wait_for(timeout=PATIENT)
    return number, icompleat.page.get_by_role("status")


def number_there(page: Page, system: str) -> Locator:
    """The accounting system's number of the document whose page is open, or that there is none yet."""
    cell = page.locator("#standing dl div").filter(has=page.get_by_text(system, exact=True)).locator("dd")
    return cell.locator(".number").or_(cell.filter(has_text="None yet"))


def open_transaction(customer: Watched, number: str) -> Page:
    """The page of a document in the portal."""
    customer.open("/transactions/")
    customer.page.get_by_role("link", name=number, exact=True).click()
    return customer.page


if __name__ == "__main__":
    print(json.dumps(furnish(*sys.argv[1:])))
