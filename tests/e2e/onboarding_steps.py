"""What a stranger does, page by page, until a company of theirs is set up; each gives what the next one needs."""

from __future__ import annotations

import email
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.policy import default as modern
from typing import Final

from playwright.sync_api import Locator, Page, expect

from integrations.accountsiq.standin.furniture import COMPANY_ID
from integrations.accountsiq.standin.tokens import CLIENT_ID
from portal.operations.demo.icompleat import SandboxICompleat
from tests.e2e.browser import Watched
from tests.e2e.people import aim, look
from tests.e2e.processes import MAILS, There, Town
from tests.e2e.unlinked import fill, secret_of
from tests.factories import PASSWORD
from tests.operations.running import wait_for

LATER: Final = 60_000
# The addresses, as the page of the tokens calls them, and the kinds of iCompleat.
# Of what iCompleat sends AccountsIQ takes these over REST; the others are refused, so nothing is opened for them.
ADDRESSES: Final = {"Invoices": "invoice", "Credit notes": "credit_note"}
HEADER: Final = "x-api-compleat-token"


@dataclass(frozen=True)
class Elsewhere:
    """A company in iCompleat, of a tenant of its own there, with what its API page shows."""

    tenant_id: str
    company_id: str
    key: str


def in_icompleat(town: Town, name: str) -> Elsewhere:
    """The customer has iCompleat already."""
    there, made = SandboxICompleat(f"{town.sandbox}/icompleat"), Elsewhere(*(str(uuid.uuid4()) for _ in range(3)))
    there.add_tenant(made.tenant_id, name, made.key)
    there.add_company(made.company_id, name, "GBP", made.tenant_id)
    return made


def signed_up(stranger: Watched, town: Town, organisation: str, address: str) -> None:
    """From the front door to the first page inside."""
    page = stranger.page
    stranger.open("/")
    look(stranger, "journey-01-log-in")
    page.get_by_role("link", name="Sign up").first.click()
    look(stranger, "journey-02-sign-up")
    page.get_by_label("Organisation").fill(organisation)
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    look(stranger, "journey-03-mailbox")
    page.goto(link_in(mail_to(town, address)))
    look(stranger, "journey-04-confirm-address")
    page.get_by_role("button", name="Yes, confirm it").click()


def mail_to(town: Town, address: str) -> Message:
    """The one that went to an address, as soon as it is there."""

    def found() -> list[Message]:
        files = (town.directory / MAILS).glob("*.log")
        every = [email.message_from_bytes(path.read_bytes(), policy=modern) for path in files]
        return [one for one in every if one["To"] == address]

    wait_for(lambda: bool(found()), f"a mail to {address}")
    return found()[0]


def link_in(mail: Message) -> str:
    [first, *_] = re.findall(r"http://\S+", str(mail.get_payload()).replace("=\n", ""))
    return str(first)


def founded(stranger: Watched, name: str) -> str:
    """The first company, by its own name; the path of its pages."""
    page = stranger.page
    look(stranger, "journey-05-nothing-yet")
    page.get_by_role("link", name="Add a company").first.click()
    look(stranger, "journey-06-new-company")
    page.locator("#field-name").fill(name)
    page.get_by_role("button", name="Add the company").click()
    page.wait_for_url("**/accounting/choose/")
    [path] = re.findall(r"/companies/[^/]+/", page.url)
    return str(path)


def chosen(stranger: Watched, name: str) -> None:
    """The card of an accounting system, found by its name."""
    page = stranger.page
    look(stranger, "journey-07-choose")
    page.get_by_label("Search by name").fill(name)
    page.get_by_role("button", name="Search").click()
    look(stranger, "journey-08-found")
    page.get_by_role("button", name=f"Choose {name}", exact=True).click()
    page.wait_for_url("**/accounting/authorise/")


def accountsiq(town: Town) -> dict[str, str]:
    """What a customer was given by AccountsIQ, by the labels of the form."""
    return {
        "Interface": "REST",
        "Address": f"{town.sandbox}/accountsiq/api",
        "Company": str(COMPANY_ID),
        "Client ID": CLIENT_ID,
        "Client secret": secret_of(town, "accountsiq-secret"),
    }


def pages_of_accountsiq(town: Town) -> dict[str, str]:
    """What stands under Advanced."""
    return {
        "Authorisation page": f"{town.sandbox}/accountsiq/oauth2/authorize",
        "Token address": f"{town.sandbox}/accountsiq/oauth2/token",
    }


def settings_saved(stranger: Watched, town: Town) -> None:
    """The keys of AccountsIQ, so that a person can be sent there."""
    page = stranger.page
    look(stranger, "journey-09-settings")
    for label, value in accountsiq(town).items():
        fill(labelled(page, label), value)
    page.get_by_text("Advanced", exact=True).click()
    for label, value in pages_of_accountsiq(town).items():
        fill(labelled(page, label), value)
    look(stranger, "journey-10-settings-filled-in")
    page.get_by_role("button", name="Save and go on to AccountsIQ").click()
    expect(page.get_by_text("Saved. Go on to authorise it.")).to_be_visible()


def labelled(page: Page, label: str) -> Locator:
    """A field by its label, whatever stands behind that in brackets."""
    return page.get_by_label(re.compile(rf"^{label}( \(\w+\))?$"))


def sent_to(stranger: Watched, system: str, picture: str, button: str) -> None:
    """Agree here, go there, press a button there."""
    page = stranger.page
    look(stranger, f"{picture}-agree")
    page.get_by_label(re.compile("^I agree")).check()
    page.get_by_role("button", name="Authorise", exact=True).click()
    look(stranger, f"{picture}-leaving")
    page.get_by_role("link", name=f"Continue to {system}").click()
    page.wait_for_url(lambda address: not address.startswith(stranger.base))
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_url(f"{stranger.base}/**")


def set_up(stranger: Watched, path: str, picture: str = "") -> Page:
    """The checklist."""
    stranger.open(f"{path}set-up/")
    if picture:
        look(stranger, picture)
    return stranger.page


def step(page: Page, key: str) -> Locator:
    """How a step of the checklist stands."""
    return page.locator(f"#step-{key}")


def latest_runs(page: Page) -> dict[str, str]:
    """The page of the latest run of each kind of reference data, by kind."""
    found = page.locator("a[id^=run-]")
    expect(found.first).to_be_visible()
    runs = [(one.get_attribute("id"), one.get_attribute("href")) for one in found.all()]
    return {str(name).removeprefix("run-"): str(href) for name, href in runs}


def icompleat_connected(stranger: Watched, town: Town, there: Elsewhere) -> None:
    """What iCompleat's API page shows, tried with a slip first."""
    page = stranger.page
    look(stranger, "journey-20-sources")
    page.get_by_role("link", name="Choose iCompleat").click()
    look(stranger, "journey-20-icompleat")
    given = {
        "API base URL": f"{town.sandbox}/icompleat", "Tenant ID": there.tenant_id, "Company ID": there.company_id,
    }  # fmt: skip
    for label, value in given.items():
        labelled(page, label).fill(value)
    page.get_by_label("Security key").fill("mistyped")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#field-secret__security_key_error")).to_contain_text("does not accept this")
    look(stranger, "journey-21-icompleat-refused")
    page.get_by_label("Security key").fill(there.key)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile("^Saved. iCompleat answers as "))).to_be_visible()
    look(stranger, "journey-22-icompleat-linked")


def aimed(stranger: Watched, icompleat: Watched, company: There, addresses: Mapping[str, str] = ADDRESSES) -> None:
    """All addresses with their tokens, copied from the one page that shows them into iCompleat."""
    page = stranger.page
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{len(addresses)} addresses with their tokens")
    look(stranger, "journey-24-tokens")
    for word, kind in addresses.items():
        url, token = (copied(page, f"{word.lower()} {what}") for what in ("address", "token"))
        aim(icompleat, company, kind, url, token, HEADER)


def copied(page: Page, label: str) -> str:
    page.get_by_role("button", name=f"Copy {label}", exact=True).click()
    return str(page.evaluate("navigator.clipboard.readText()"))


def looked_up(stranger: Watched, codes: Mapping[str, str]) -> None:
    """From the page of a gap: account codes are looked up in the table. Those that came in stand there already."""
    page = stranger.page
    page.get_by_role("link", name="To the mapping").click()
    look(stranger, "journey-33-gaps")
    page.get_by_role("link", name="Codes", exact=True).click()
    page.get_by_role("link", name="Account code", exact=True).click()
    look(stranger, "journey-34-codes")
    page.get_by_role("button", name="Look them up in this table from now on").click()
    for source, sent in codes.items():
        row = page.locator("tr", has=page.locator("span.code").get_by_text(source, exact=True))
        row.locator("input[name^=sent_]").fill(sent)
    look(stranger, "journey-35-codes-filled-in")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("span.code").get_by_text(next(iter(codes)), exact=True)).to_be_visible()
    look(stranger, "journey-36-codes-saved")
