"""Companies between Demo Books and iCompleat whose suppliers are sent through a gate.

Run as a program it makes them in the portal, and tells them as JSON.
"""

from __future__ import annotations

import html
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import django
import requests
from werkzeug.wrappers import Request

from integrations.demo.sandbox import ACCESS_VARIABLE
from integrations.sandbox import Server
from tests.operations.running import ROOT, Process, environment
from tests.operations.sync_gate import Gate

BOOKS_TOKEN: Final = "demo-token-for-tests"
SECURITY_KEY: Final = "0f6f2a52-6a5b-4c0b-9d0a-3f1f6c1d2e3f"
ICOMPLEAT_TENANT: Final = "5e0d9a7c-2b41-4d0f-8f1e-7a3c6b9d2e10"
CUSTOMER, PASSWORD = "olivia", "correct horse battery staple"
SUPPLIERS: Final = 420
CHUNKS: Final = 5
CSRF: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Firm:
    """A company: its id in the portal, its name, its books in Demo Books, its id in iCompleat."""

    company: str
    name: str
    books: str
    their_id: str


@dataclass(frozen=True, slots=True)
class Scene:
    """The stand-ins at `sandbox`, the gate before one of them, and who sends through it."""

    sandbox: str
    gate: Gate
    firms: tuple[Firm, ...]

    def furnish(self, state: Path) -> None:
        """Make the companies at both ends, with suppliers in their books."""
        with closing(sqlite3.connect(state / "demo.sqlite3")) as books, books:
            rows = [(one.books, one.name, "GBP") for one in self.firms]
            books.executemany("INSERT INTO company VALUES (?, ?, ?)", rows)
        tenant = {"name": "Northgate", "security_key": SECURITY_KEY}
        self.control("PUT", f"icompleat/control/tenants/{ICOMPLEAT_TENANT}", tenant)
        self.control("PUT", "icompleat/control/faults", {"limit_per_minute": 0})
        for one in self.firms:
            there = {"name": one.name, "base_currency": "GBP", "tenant_id": ICOMPLEAT_TENANT}
            self.control("PUT", f"icompleat/control/companies/{one.their_id}", there)
            self.control("POST", f"{_books(one)}/suppliers/generate", {"count": SUPPLIERS})

    def rename(self, firm: Firm, count: int) -> None:
        """Give so many suppliers another name."""
        self.control("POST", f"{_books(firm)}/suppliers/change", {"count": count})

    def in_the_books(self, firm: Firm) -> list[dict[str, Any]]:
        """Every supplier that is in use, as iCompleat is to hold it, by its code."""
        found, page = list[dict[str, Any]](), 1
        while page:
            told = self.control("GET", f"demo/api/companies/{firm.books}/suppliers?page={page}")
            found += [_as_in_icompleat(row) for row in told["suppliers"] if row["active"]]
            page = told["next_page"]
        return sorted(found, key=lambda row: str(row["Code"]))

    def over_there(self, firm: Firm) -> list[dict[str, Any]]:
        """iCompleat's list, by code."""
        rows = self.control("GET", f"icompleat/control/companies/{firm.their_id}/lists/suppliers")["rows"]
        return sorted(rows, key=lambda row: str(row["Code"]))

    def writes_there(self) -> list[tuple[str, str, int]]:
        """Method, path and status of every request that wrote, by iCompleat's own record."""
        calls = self.control("GET", "icompleat/control/calls?limit=10000")["calls"]
        return [(one["method"], one["path"], one["status"]) for one in calls if one["method"] != "GET"]

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What a person does at one of the stand-ins, or sees there."""
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Authorization": f"Bearer {BOOKS_TOKEN}"}
            answer = session.request(method, f"{self.sandbox}/{path}", json=body, headers=headers, timeout=20)
        assert answer.ok, answer.text
        return answer.json()


@dataclass
class Customer:
    """Somebody who looks at the companies' pages of reference data."""

    portal: str
    session: requests.Session = field(default_factory=requests.Session)

    def reference(self, firm: Firm) -> str:
        """The page as people read it."""
        text = re.sub(r"<[^>]+>", " ", self._page(firm).text.partition("<main")[2])
        return " ".join(html.unescape(text).split())

    def synchronise(self, *firms: Firm) -> None:
        """Press "Sync now" beside suppliers; what comes of it stands on the next page."""
        for firm in firms:
            page = self._page(firm)
            answer = self._post(f"{page.url}supplier/sync/", page)
            assert answer.status_code == 302, answer.text

    def _page(self, firm: Firm) -> requests.Response:
        self.session.trust_env = False
        url = f"{self.portal}/companies/{firm.company}/reference/"
        page = self.session.get(url, timeout=10)
        if "/login/" in page.url:
            self._post(page.url, page, login=CUSTOMER, password=PASSWORD)
            page = self.session.get(url, timeout=10)
        assert (page.url, page.status_code) == (url, 200), page.text
        return page

    def _post(self, url: str, page: requests.Response, **values: str) -> requests.Response:
        found = CSRF.search(page.text)
        assert found, page.text
        form = {"csrfmiddlewaretoken": found[1], **values}
        return self.session.post(url, form, headers={"Origin": self.portal}, timeout=10, allow_redirects=False)


@contextmanager
def staged(directory: Path, env: Mapping[str, str], count: int) -> Iterator[Scene]:
    """Serve the stand-ins and the gate, and make so many companies in the portal of `env`, whose database is there."""
    state, log = directory / "sandbox", directory / "sandbox.log"
    command = [sys.executable, "-m", "integrations", "--port", "0", "--only", "demo", "--only", "icompleat"]
    told = environment(directory, **{ACCESS_VARIABLE: BOOKS_TOKEN})
    with Process([*command, "--state", str(state)], env=told, log=log) as sandbox:
        sandbox.wait_for(lambda: "ready http" in sandbox.said(), "serve")
        url = sandbox.said().partition("ready ")[2].split()[0]
        gate = Gate(url)
        with Server(Request.application(gate.answer)) as server:
            scene = Scene(url, gate, tuple(_seeded(env, f"{url}/demo", f"{server.url}/icompleat", count)))
            scene.furnish(state)
            yield scene


def _seeded(env: Mapping[str, str], *arguments: object) -> list[Firm]:
    command = [sys.executable, "-m", "tests.operations.sync_scene", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env={**env, "DJANGO_SETTINGS_MODULE": "portal.settings"}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [Firm(**one) for one in json.loads(done.stdout)]


def _books(firm: Firm) -> str:
    return f"demo/control/companies/{firm.books}"


def _as_in_icompleat(row: dict[str, Any]) -> dict[str, Any]:
    """What the generated suppliers do not have is told as empty."""
    empty = ("AddressLine2", "StateOrCounty", "Country", "Telephone", "BankName", "BankAccountNumber", "BankSortCode")
    return {
        "Code": row["code"],
        "Name": row["name"],
        "AddressLine1": row["address_1"],
        "TownOrCity": row["town"],
        "PostcodeOrZip": row["postcode"],
        "IsoCode": row["country"],
        "Email": row["email"],
        **dict.fromkeys(empty, ""),
        "PaymentDueDays": row["payment_days"],
        "PaymentTermsType": "NetDays",
        "AnalysisDefaults": [],
    }


def main(books: str, icompleat: str, count: str) -> None:
    """`count` companies of one tenant between Demo Books and iCompleat, whose suppliers alone have a schedule, days
    away; their customer may log in."""
    django.setup()
    from django.contrib.auth.models import User

    from portal.tenants.models import Member, Role, Tenant

    tenant = Tenant.objects.create(name="Northgate Group")
    user = User.objects.create_user(CUSTOMER, password=PASSWORD)
    Member.objects.create(tenant=tenant, user=user, role=Role.OWNER)
    print(json.dumps([_company(tenant, books, icompleat, number) for number in range(1, int(count) + 1)]))


def _company(tenant: Any, books: str, icompleat: str, number: int) -> dict[str, Any]:
    from django.utils import timezone

    from portal.connections.models import Side
    from portal.connections.services import connect
    from portal.tenants.models import Company

    name, their_id, slug = f"Northgate {number} Ltd", str(uuid4()), f"northgate-{number}"
    company = Company.objects.create(tenant=tenant, name=name, base_currency="GBP", live_at=timezone.now())
    accounting = connect(
        company, "demo", side=Side.ACCOUNTING, who="tests", secrets={"token": BOOKS_TOKEN},
        settings={"base_url": books, "company_id": slug},
    )  # fmt: skip
    terms = {"tenant_id": ICOMPLEAT_TENANT, "company_id": their_id, "requests_per_minute": "600"}
    connect(
        company, "icompleat", side=Side.SOURCE, who="tests", external_company_id=their_id,
        settings={"base_url": icompleat, **terms}, secrets={"security_key": SECURITY_KEY},
    )  # fmt: skip
    _suppliers_in_three_days(accounting)
    return {"company": str(company.pk), "name": name, "books": slug, "their_id": their_id}


def _suppliers_in_three_days(accounting: Any) -> None:
    from portal.reference.sync.models import Frequency, SyncSchedule
    from portal.reference.sync.schedules import ensure, save

    ensure(accounting)
    weekday = (datetime.now().astimezone() + timedelta(days=3)).weekday()
    for schedule in SyncSchedule.objects.filter(connection=accounting):
        frequency = Frequency.WEEKLY if schedule.kind == "supplier" else Frequency.OFF
        save(schedule, frequency=frequency, at=schedule.at, weekday=weekday, who="tests")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    main(*sys.argv[1:])
