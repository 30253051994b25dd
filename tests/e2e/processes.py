"""The portal and the stand-ins as processes of their own, with the demo's two companies, for journeys in a browser.

`python -m tests.e2e.processes <portal> <sandbox>` furnishes the database of the data directory, and tells what it made.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.desk.there import put
from tests.operations.running import ROOT, Process, environment, get, manage, serving
from tests.servers import free_port

KEY = "key-of-the-tenant-in-the-journeys"
TOKEN = "token-of-demo-books-in-the-journeys"
READY = "ready "
# Where the portal puts its mails, in its directory.
MAILS = "mails"
# A minute's pause after fifty calls is proven elsewhere.
CALLS_PER_MINUTE = 600


@dataclass(frozen=True)
class There:
    """A company: its id here, its id in iCompleat, and its addresses here with their tokens, by kind."""

    name: str
    id: str
    icompleat_id: str
    endpoints: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Town:
    """Everything that runs. `directory` is the portal's own, with the stand-ins' files in `sandbox`."""

    portal: str
    sandbox: str
    directory: Path
    told: Mapping[str, Any]

    @property
    def northgate(self) -> There:
        """It keeps its books in the built-in ledger."""
        return self._company("ledger")

    @property
    def harbour(self) -> There:
        """It keeps its books in Demo Books."""
        return self._company("demo")

    def transactions(self, company: There) -> list[dict[str, Any]]:
        """What iCompleat holds of a company, in the order of its making."""
        answer = get(f"{self.sandbox}/icompleat/control/companies/{company.icompleat_id}/transactions")
        found: list[dict[str, Any]] = answer.json()["transactions"]
        return found

    def is_alone(self, number: str) -> bool:
        """Whether only one transaction in iCompleat has this number, of whatever company: those of samples repeat."""
        query = "SELECT count(*) FROM transactions WHERE instr(body, ?)"
        with sqlite3.connect(self.directory / "sandbox" / "icompleat.sqlite3", timeout=10) as database:
            [(count,)] = database.execute(query, (f'"{number}"',)).fetchall()
        return bool(count == 1)

    def suppliers_there(self, company: There) -> dict[str, str]:
        """The suppliers in iCompleat: code and name."""
        answer = get(f"{self.sandbox}/icompleat/control/companies/{company.icompleat_id}/lists/suppliers")
        return {row["Code"]: row["Name"] for row in answer.json()["rows"]}

    def suppliers_in_demo_books(self) -> dict[str, str]:
        """The suppliers in use there: code and name."""
        query = "SELECT code, name FROM record WHERE resource = 'suppliers' AND active"
        with sqlite3.connect(self.directory / "sandbox" / "demo.sqlite3") as database:
            return dict(database.execute(query))

    def made_an_hour_ago(self, *ids: str) -> None:
        """Let transactions in iCompleat be older than they are: what is fresh may still be on its way here."""
        created = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}.000Z"
        query = "UPDATE transactions SET body = json_set(body, '$.Dates.Created', ?) WHERE id = ?"
        with sqlite3.connect(self.directory / "sandbox" / "icompleat.sqlite3", timeout=10) as database:
            database.executemany(query, [(created, each) for each in ids])

    def _company(self, accounting: str) -> There:
        rows = [row for row in self.told["endpoints"] if row["accounting"] == accounting]
        name = rows[0]["company"]
        endpoints = {row["kind"]: row for row in rows}
        return There(name, self.told["companies"][name], rows[0]["icompleat_company_id"], endpoints)


@contextmanager
def running(directory: Path) -> Iterator[Town]:
    """Both processes, the database furnished, iCompleat aimed at the portal; nothing was approved or synchronised."""
    port = free_port()
    portal = f"http://127.0.0.1:{port}"
    mails = f"filemail:///{directory / MAILS}"
    env = environment(directory, BASE_URL=portal, DJANGO_SETTINGS_MODULE="portal.settings", EMAIL_URL=mails)
    command = [sys.executable, "-m", "integrations", "--port", "0", "--state", str(directory / "sandbox")]
    sandbox_env = {**env, "POSTROOM_DEMO_TOKEN": TOKEN}
    with Process(command, env=sandbox_env, log=directory / "sandbox.log") as process:
        migrated = manage("migrate", "-v0", env=env)
        assert migrated.returncode == 0, migrated.stderr
        process.wait_for(lambda: READY in process.said(), "start")
        sandbox = process.said().partition(READY)[2].split()[0]
        town = Town(portal, sandbox, directory, _furnished(env, portal, sandbox))
        with serving(directory, env, "--port", str(port)):
            yield town


def _furnished(env: Mapping[str, str], portal: str, sandbox: str) -> Mapping[str, Any]:
    command = [sys.executable, "-m", "tests.e2e.processes", portal, sandbox]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def furnish(portal: str, sandbox: str) -> dict[str, Any]:
    """The demo's tenant, companies, links and people, here and in iCompleat. Runs with the portal's settings."""
    import django

    django.setup()
    from django.conf import settings
    from django.utils import timezone

    from portal.operations.demo.copies import Copies
    from portal.operations.demo.icompleat import SandboxICompleat, add_custom_fields
    from portal.operations.demo.outcome import for_scripts
    from portal.operations.demo.seed import ICOMPLEAT_TENANT, TENANT, DemoSource, DemoSystem, icompleat_link, seed
    from portal.tenants.models import Company

    source = DemoSource(f"{sandbox}/icompleat", KEY)
    seeded = seed(Copies(settings.DATA_DIR), DemoSystem(f"{sandbox}/demo", TOKEN), source)
    Company.objects.update(live_at=timezone.now() - timedelta(days=30))
    _without_haste()
    there = SandboxICompleat(source.url)
    put(f"{source.url}/control/faults", limit_per_minute=CALLS_PER_MINUTE)
    there.add_tenant(ICOMPLEAT_TENANT, TENANT, KEY)
    for company in seeded.companies:
        there.add_company(company.icompleat_company_id, company.name, "GBP", ICOMPLEAT_TENANT)
        add_custom_fields(icompleat_link(company.icompleat_company_id, source))
        for endpoint in company.endpoints:
            if endpoint.kind != "all":
                there.aim(company.icompleat_company_id, endpoint.kind, f"{portal}{endpoint.path}", endpoint.token)
    ids = {company.name: str(company.pk) for company in Company.objects.all()}
    return {**for_scripts(portal, sandbox, seeded), "companies": ids}


def _without_haste() -> None:
    from portal.connections.models import Connection, Side

    for connection in Connection.objects.filter(side=Side.SOURCE):
        connection.settings = {**connection.settings, "requests_per_minute": str(CALLS_PER_MINUTE)}
        connection.save(update_fields=["settings"])


if __name__ == "__main__":
    print(json.dumps(furnish(*sys.argv[1:])))
