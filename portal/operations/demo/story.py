"""The demo from the start of its processes to the end of the last one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests
from django.conf import settings
from django.core.management import call_command

from integrations.demo.connector import DemoBooks
from integrations.icompleat.samples import NAMES
from portal.operations.demo.children import Child, Children
from portal.operations.demo.copies import Copies
from portal.operations.demo.elsewhere import Elsewhere
from portal.operations.demo.icompleat import A_MINUTE, SandboxICompleat, add_custom_fields
from portal.operations.demo.outcome import Told, for_scripts, surprises, table, write_at_once
from portal.operations.demo.ports import HOST, sandbox_port
from portal.operations.demo.recovery import RECOVERS_WITHIN_SECONDS, Recovery
from portal.operations.demo.sales import Sales
from portal.operations.demo.seed import (
    ICOMPLEAT_TENANT,
    TENANT,
    DemoSource,
    DemoSystem,
    Login,
    Seeded,
    SeededCompany,
    icompleat_link,
    seed,
)
from portal.operations.demo.stand_ins import secrets_of_stand_ins, stand_ins
from portal.operations.demo.syncs import FirstSyncs

STARTS_WITHIN_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.5
PROBE_TIMEOUT_SECONDS = 2
SANDBOX_TOKEN = "demo-books"  # noqa: S105 - the name of a copy
ICOMPLEAT_KEY = "icompleat-key"
READY = "ready "
# A run of faults that is worth watching.
DEFAULT_SEED = 10668


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for on the command line. `sandbox_port` None: 8001, or a free one when that is taken.

    `faults` is the plan by which the demo accounting system is disturbed, empty for none. `elsewhere` is one more
    accounting system that runs already, `system` the slug of one more stand-in to post into, `source` that of one more
    source whose stand-in is read.
    """

    port: int
    sandbox_port: int | None
    once: bool
    json_file: Path | None
    faults: str = ""
    seed: int = DEFAULT_SEED
    elsewhere: Elsewhere | None = None
    system: str = ""
    source: str = ""


@dataclass(slots=True)
class Demo:
    """One run of the demo. `say` prints a line."""

    wishes: Wishes
    say: Callable[[str], None]
    children: Children
    copies: Copies
    others: tuple[Elsewhere, ...] = ()

    @property
    def portal_url(self) -> str:
        """Where the portal will listen."""
        return f"http://{HOST}:{self.wishes.port}"

    def run(self) -> bool:
        """Tell the story; without `once`, go on until interrupted. True when every answer was the expected one.

        Raises `DemoFailed` with what a child said last, or with what stands in the way.
        """
        sandbox = self._start_sandbox()
        call_command("migrate", verbosity=0, interactive=False, skip_checks=False)
        portal = self._start_portal()
        sandbox_url = _ready_url(sandbox)
        icompleat = SandboxICompleat(f"{sandbox_url}/icompleat")
        source = DemoSource(f"{sandbox_url}/icompleat", self.copies.get_or_make(ICOMPLEAT_KEY))
        seeded = self._seed(sandbox_url, source)
        self._furnish(icompleat, seeded, source)
        _wait_for_portal(portal, self.portal_url)
        told = self._approve_all(icompleat, seeded)
        syncs = FirstSyncs.begin()
        syncs.wait(portal)
        sales = self._sell(portal, sandbox_url)
        self._show(told, sandbox_url, seeded, syncs, sales)
        if self.wishes.json_file:
            write_at_once(self.wishes.json_file, for_scripts(self.portal_url, sandbox_url, seeded))
        has_recovered = not self.wishes.faults or self._recover(told, f"{sandbox_url}/demo")
        if not self.wishes.once:
            self._stay()
        return has_recovered and not self._surprises(told) and not (sales and sales.surprises())

    def _start_sandbox(self) -> Child:
        """iCompleat begins anew, with everything awaiting approval; what the demo accounting system holds stays."""
        state = settings.DATA_DIR / "sandbox"
        for file in state.glob("icompleat.sqlite3*"):
            file.unlink()
        token = self.copies.get(SANDBOX_TOKEN) or self.copies.put(SANDBOX_TOKEN, secrets.token_urlsafe(32))
        arguments = ["--port", str(sandbox_port(self.wishes.sandbox_port)), "--state", str(state)]
        if self.wishes.faults:
            arguments += ["--faults", self.wishes.faults, "--seed", str(self.wishes.seed)]
        return self._start(
            "The sandbox",
            "integrations",
            arguments,
            {"POSTROOM_DEMO_TOKEN": token, **secrets_of_stand_ins(self.copies)},
        )

    def _start_portal(self) -> Child:
        arguments = ["serve", "--host", HOST, "--port", str(self.wishes.port)]
        return self._start("The portal", "manage", arguments, {"BASE_URL": self.portal_url})

    def _start(self, name: str, module: str, arguments: list[str], environment: dict[str, str]) -> Child:
        log = settings.DATA_DIR / "logs" / f"{name.rsplit(maxsplit=1)[-1]}.log"
        return self.children.add(Child(name, module, arguments, log=log, environment=environment))

    def _seed(self, sandbox_url: str, source: DemoSource) -> Seeded:
        system = DemoSystem(f"{sandbox_url}/demo", self.copies.get(SANDBOX_TOKEN))
        seeded = seed(self.copies, system, source, self._others(sandbox_url))
        self.copies.save()
        return seeded

    def _others(self, sandbox_url: str) -> tuple[Elsewhere, ...]:
        wished = (self.wishes.elsewhere,) if self.wishes.elsewhere else ()
        self.others = (*wished, *stand_ins(self.wishes.system, sandbox_url, self.portal_url, self.copies))
        return self.others

    def _furnish(self, icompleat: SandboxICompleat, seeded: Seeded, source: DemoSource) -> None:
        """Tenant, companies and custom fields, as somebody made them in iCompleat before."""
        icompleat.allow(A_MINUTE)
        icompleat.add_tenant(ICOMPLEAT_TENANT, TENANT, source.key)
        for company in seeded.companies:
            icompleat.add_company(company.icompleat_company_id, company.name, "GBP", ICOMPLEAT_TENANT)
            add_custom_fields(icompleat_link(company.icompleat_company_id, source))

    def _approve_all(self, icompleat: SandboxICompleat, seeded: Seeded) -> list[Told]:
        return [self._approve(icompleat, company) for company in seeded.companies]

    def _approve(self, icompleat: SandboxICompleat, company: SeededCompany) -> Told:
        company_id = company.icompleat_company_id
        for endpoint in company.endpoints:
            if endpoint.kind != "all":
                icompleat.aim(company_id, endpoint.kind, f"{self.portal_url}{endpoint.path}", endpoint.token)
        return Told(company, tuple(icompleat.approve(each) for each in self._transactions(icompleat, company_id)))

    def _transactions(self, icompleat: SandboxICompleat, company_id: str) -> list[str]:
        """With faults those that nobody has posted yet, or there would be nothing to disturb the second time."""
        if self.wishes.faults:
            return [icompleat.add_transaction(company_id, sample) for sample in NAMES]
        return icompleat.transaction_ids(company_id)

    def _sell(self, portal: Child, sandbox_url: str) -> Sales | None:
        """With accessplanit as a source: read it, and watch an invoice and its payment come in."""
        if not self.wishes.source:
            return None
        self.say("Reading accessplanit, which begins within half a minute ...")
        sales = Sales.begin(sandbox_url, self.portal_url, self.copies)
        sales.watch(portal)
        return sales

    def _is_disturbed(self, company: SeededCompany) -> bool:
        return bool(self.wishes.faults) and company.accounting == DemoBooks.metadata.slug

    def _surprises(self, told: list[Told]) -> list[str]:
        """Disturbed answers are no surprise: what counts for those is what becomes of them."""
        return surprises(one for one in told if not self._is_disturbed(one.company))

    def _recover(self, told: list[Told], books_url: str) -> bool:
        approved = [each for one in told if self._is_disturbed(one.company) for each in one.approved]
        recovery = Recovery(approved, portal_url=self.portal_url, books_url=books_url, say=self.say)
        within = RECOVERS_WITHIN_SECONDS if self.wishes.once else None
        return recovery.watch(self.children.check, within_seconds=within)

    def _show(self, told: list[Told], sandbox_url: str, seeded: Seeded, syncs: FirstSyncs, sales: Sales | None) -> None:
        lines = [
            "",
            *table(told),
            "",
            *syncs.lines(),
            "",
            *([*sales.lines(), "", *sales.surprises()] if sales else []),
            *self._surprises(told),
            f"Customer pages  {self.portal_url}/        {_how(seeded.customer)}",
            f"Staff           {self.portal_url}/admin/  {_how(seeded.staff)}",
            f"iCompleat       {sandbox_url}/icompleat/",
            f"Demo Books      {sandbox_url}/demo/",
            *([f"accessplanit    {sandbox_url}/accessplanit/"] if sales else []),
        ]
        lines += [f"{one.name:<16}{' ' if len(one.name) > 15 else ''}{one.web}" for one in self.others]
        for line in lines:
            self.say(line)

    def _stay(self) -> None:
        self.say("")
        if self.wishes.faults:
            self.say("Demo Books stays disturbed: make more in iCompleat, and watch them as staff.")
        self.say("Ctrl-C ends everything.")
        while True:
            self.children.check()
            time.sleep(LOOK_EVERY_SECONDS)


def _how(login: Login) -> str:
    return f"user {login.username}, password {login.password}"


def _ready_url(sandbox: Child) -> str:
    sandbox.wait_until(lambda: bool(_said_ready(sandbox)), "start", STARTS_WITHIN_SECONDS)
    return _said_ready(sandbox)


def _said_ready(sandbox: Child) -> str:
    lines = sandbox.log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    return next(
        (line.removeprefix(READY).strip() for line in lines if line.startswith(READY) and line.endswith("\n")), ""
    )


def _wait_for_portal(portal: Child, url: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        portal.wait_until(lambda: _is_well(session, url), "become ready", STARTS_WITHIN_SECONDS)


def _is_well(session: requests.Session, url: str) -> bool:
    """Everything, not only what deliveries need."""
    try:
        answer = session.get(f"{url}/readyz", timeout=PROBE_TIMEOUT_SECONDS)
    except requests.RequestException:
        return False
    return answer.ok and answer.json()["status"] == "ready"
