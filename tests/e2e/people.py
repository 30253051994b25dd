"""What people do in the windows of the portal, of iCompleat and of Demo Books on their journeys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import Watched
from tests.e2e.processes import There, Town
from tests.operations.running import wait_for

SOON = 20_000
# The job that links what came back, and the one that hands files over, run every minute or oftener.
LATER_SECONDS = 90.0


def logged_in(watched: Watched, town: Town, who: str) -> Watched:
    watched.open("/admin/" if who == "staff" else "/")
    watched.log_in(**town.told[who])
    watched.page.wait_for_url(lambda address: "login" not in address)
    return watched


def look(watched: Watched, name: str) -> None:
    """Keep the pictures of a page, and measure it."""
    watched.shoot(name)
    assert watched.too_narrow() == [], name


def until(page: Page, sight: Locator, count: int = 1) -> None:
    """Reload a page that does not move by itself, until something is on it so many times."""

    def is_there() -> bool:
        page.reload()
        return sight.count() >= count

    if sight.count() < count:
        wait_for(is_there, f"{count} times {sight}", within_seconds=LATER_SECONDS)


def row(page: Page, text: str) -> Locator:
    return page.locator("tr").filter(has=page.get_by_text(text, exact=True))


def approve_all(icompleat: Watched, town: Town) -> None:
    for company in (town.northgate, town.harbour):
        icompleat.open(f"/companies/{company.icompleat_id}")
        icompleat.page.get_by_role("button", name="Approve all (7)").click()
        expect(icompleat.page.locator("#approved ~ *").get_by_role("link", name="INV").first).to_be_visible()


def synchronise_all(customer: Watched, town: Town) -> None:
    for company in (town.northgate, town.harbour):
        customer.open(f"/companies/{company.id}/reference/")
        customer.page.get_by_role("button", name="Sync all").click()
    for company in (town.northgate, town.harbour):
        customer.open(f"/companies/{company.id}/reference/")
        expect(customer.page.get_by_text("Complete", exact=True)).to_have_count(6, timeout=60_000)


# --- in iCompleat ----------------------------------------------------------------------------------------------------


def make(icompleat: Watched, town: Town, company: There, sample: str) -> dict[str, Any]:
    """One more transaction that awaits approval; its page is open then."""
    icompleat.open(f"/companies/{company.icompleat_id}")
    icompleat.page.get_by_label("Sample").select_option(sample)
    icompleat.page.get_by_role("button", name="Make it").click()
    made = town.transactions(company)[-1]
    icompleat.page.get_by_role("link", name=made["number"], exact=True).click()
    return made


def press(icompleat: Watched, label: str) -> Locator:
    """Press a button on the page of a transaction; what came of it."""
    icompleat.page.get_by_role("button", name=re.compile(f"^{label} ")).click()
    return icompleat.page.get_by_role("status")


def aim(icompleat: Watched, company: There, kind: str, url: str, token: str, header: str) -> None:
    """Configure an endpoint on iCompleat's page."""
    icompleat.open(f"/companies/{company.icompleat_id}/endpoints")
    page = icompleat.page
    page.get_by_label("Kind").select_option(kind)
    page.get_by_label("URL").fill(url)
    page.get_by_label("Secret token").fill(token)
    page.get_by_label("Token header").fill(header)
    page.get_by_role("button", name="Save endpoint").click()
    expect(page.locator("tr").filter(has_text=url)).to_contain_text(header)


@contextmanager
def wrongly_aimed(icompleat: Watched, company: There, kind: str) -> Iterator[None]:
    """An endpoint with a token that is not ours; put right again."""
    right = company.endpoints[kind]
    aim(icompleat, company, kind, right["url"], "mistyped-by-somebody", right["token_header"])
    yield
    aim(icompleat, company, kind, right["url"], right["token"], right["token_header"])
