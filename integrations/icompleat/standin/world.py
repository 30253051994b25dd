"""Everything of one stand-in together, and what is made of several of its parts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from integrations.documents import Kind
from integrations.icompleat.samples import NAMES, transaction_for
from integrations.icompleat.standin import people
from integrations.icompleat.standin.calls import Calls, Clock, Limit
from integrations.icompleat.standin.codes import Codes
from integrations.icompleat.standin.companies import Companies
from integrations.icompleat.standin.custom_fields import CustomFields
from integrations.icompleat.standin.deliveries import Deliveries
from integrations.icompleat.standin.faults import Faults
from integrations.icompleat.standin.kinds import KIND_OF_TYPE, Tray
from integrations.icompleat.standin.life import Life
from integrations.icompleat.standin.memory import Settings, moment, prepare
from integrations.icompleat.standin.paper import paper
from integrations.icompleat.standin.posting import Claims, Posting
from integrations.icompleat.standin.refusals import Unknown
from integrations.icompleat.standin.rows import Rows
from integrations.icompleat.standin.seed import seed
from integrations.icompleat.standin.transactions import Event, Held, Transactions, fresh
from integrations.sandbox import Store

_PAPERS: Final = (Kind.INVOICE, Kind.CREDIT_NOTE)


class World:
    """The parts, by name. `clock` tells seconds, for the limit of calls."""

    def __init__(self, store: Store, clock: Clock = time.time) -> None:
        prepare(store)
        self.settings = Settings(store)
        self.faults = Faults(self.settings)
        self.companies = Companies(store)
        self.transactions = Transactions(store)
        self.deliveries = Deliveries(store)
        self.rows = Rows(store, self.faults)
        self.fields = CustomFields(store, self.rows)
        self.calls = Calls(store, clock)
        self.limit = Limit(clock)
        self.claims = Claims()
        self.posting = Posting(
            self.settings, self.faults, self.companies, self.transactions, self.deliveries, self.claims
        )
        self.life = Life(self.transactions, self.posting, self.faults)

    def add_company(self, company_id: str, name: str, base_currency: str, tenant_id: str = "") -> dict[str, str]:
        """Make a company with rows in its lists and the samples awaiting approval; of a known one change the name."""
        is_new = self.companies.add(company_id, name, base_currency, tenant_id)
        company = self.companies.one(company_id)
        if is_new:
            seed(company, self.rows, self.fields)
        for sample in NAMES:
            self._keep(company, transaction_for(sample, company["id"], name))
        return company

    def add_sample(self, company_id: str, sample: str) -> Held:
        """One more transaction of a company, made after a sample. Raises `Unknown`."""
        company = self.companies.one(company_id)
        if sample not in NAMES:
            raise Unknown(f"The samples are {', '.join(NAMES)}.")
        # By the clock: what was forgotten here may still be known where it was sent.
        body = transaction_for(sample, company["id"], company["name"], copy=time.time_ns() // 1000)
        return self._keep(company, body)

    def add_draft(self, company: Mapping[str, str], drafted: Mapping[str, Any], owner: people.Who, tray: Tray) -> Held:
        """Keep what a caller made, with an Id, a number and an owner of its own."""
        kind = KIND_OF_TYPE[drafted["Type"]]
        number = self.transactions.next_number(company["id"], kind)
        created = f"{moment()[:23]}Z"
        body = {
            "Id": str(uuid4()),
            "Company": {"Id": company["id"], "Name": company["name"]},
            "Owner": {"Id": owner.id or None, "Name": owner.name},
            **drafted,
            "References": {**drafted["References"], "Identifier": number},
            "Dates": {"Created": created, **drafted["Dates"]},
            "LastUpdatedGuid": str(uuid4()),
            "MatchingStatusDetail": {"MatchStatus": None, "References": []},
        }
        if kind is Kind.PURCHASE_ORDER:
            body["References"]["PurchaseOrder"] = None
        held = fresh(company["id"], kind, body, tray)
        self.transactions.add(held, Event(owner, "Created"))
        return held

    def codes(self, company_id: str, *, checks: bool = True) -> Codes:
        """The codes that a company knows at this moment; without checks unknown ones pass."""
        checks = checks and self.faults.is_on("check_codes")
        return Codes(self.companies.one(company_id), self.rows, self.fields, checks=checks)

    def _keep(self, company: Mapping[str, str], body: dict[str, Any]) -> Held:
        kind = KIND_OF_TYPE[body["Type"]]
        owner = people.Who(*(body.get("Owner", {}).get(name, "") for name in ("Id", "Name")))
        reserved = ""
        if kind is Kind.PURCHASE_ORDER:
            # It gets its number on approval, and has none before.
            reserved = body["References"]["PurchaseOrder"]
            body = {**body, "References": {**body["References"], "PurchaseOrder": None}}
        held = fresh(company["id"], kind, body, Tray.AWAITING_APPROVAL, reserved)
        papers = [paper(body, company["base_currency"])] if kind in _PAPERS else []
        self.transactions.add(held, Event(owner if owner.id else people.ITSELF, "Created"), papers)
        return held
