"""The stand-in for accessplanit in the demo: its control interface, and the company that is linked to it.

The company keeps its books in the built-in ledger, where its purchases are already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import requests
from django.db.transaction import atomic
from django.utils import timezone

from integrations.accessplanit.connector import AccessPlanit
from integrations.exact import from_json, to_json
from portal.connections.models import Connection, Endpoint, Side
from portal.connections.services import accounting_connection, connect, open_endpoint
from portal.intake.feeds.models import FeedReader
from portal.intake.feeds.setting_up import ensure
from portal.operations.demo.children import DemoFailed
from portal.operations.demo.copies import Copies
from portal.operations.demo.seed import NORTHGATE, TENANT, WHO, token_of
from portal.reference.models import MappedCode
from portal.reference.rules import How, Missing, Rule
from portal.reference.rules import from_json as rules_of
from portal.reference.services import save_rules
from portal.tenants.models import Company

SLUG: Final = AccessPlanit.metadata.slug
PLATFORM: Final = "northgate"
TIMEOUT_SECONDS: Final = (5, 30)
# By what was sold, by method, and by rate: the codes of the built-in ledger's chart.
REVENUE, BANK, SALES_TAX = "revenue", "bank", "sales_tax"
CODES: Final[Mapping[tuple[str, str], str]] = {
    (REVENUE, "UserCourseDate"): "4000",
    (REVENUE, "Product"): "4020",
    (BANK, "Cash"): "1230",
    (SALES_TAX, "20"): "T1",
    (SALES_TAX, "5"): "T5",
    (SALES_TAX, "0"): "T0",
}
CURRENT_ACCOUNT: Final = "1200"
OTHER_INCOME: Final = "4900"


@dataclass(frozen=True, slots=True)
class SandboxAccessPlanit:
    """The stand-in at `url`. Every call raises `DemoFailed` when it does not answer as it should."""

    url: str

    @property
    def address(self) -> str:
        """What a connection has as its address."""
        return f"{self.url}/{PLATFORM}/accessplansandbox"

    @property
    def web(self) -> str:
        """The page where people raise invoices and take payments."""
        return f"{self.url}/platforms/{PLATFORM}"

    def platform(self) -> Mapping[str, Any]:
        """Its credentials."""
        return self._call("PUT", f"platforms/{PLATFORM}", {})

    def aim(self, url: str, token: str) -> None:
        """Send its webhooks there from now on."""
        self._call("PUT", f"platforms/{PLATFORM}", {"hook_url": url, "hook_token": token})

    def raise_invoice(self) -> Mapping[str, Any]:
        """One place on a course, sold to Brightwater."""
        line = {
            "label": "First Aid at Work - P. Novak", "amount": "297.00", "source_type": "UserCourseDate",
            "source_id": "88200",
        }  # fmt: skip
        return self._call("POST", f"platforms/{PLATFORM}/invoices", {"customer": "BRIGHT7kQ2", "lines": [line]})

    def pay(self, invoice: Mapping[str, Any]) -> Mapping[str, Any]:
        """All of an invoice, into the bank."""
        paid = {"amount": str(invoice["Amount"]), "method": "BACS", "reference": f"BACS {invoice['Reference']}"}
        return self._call("POST", f"platforms/{PLATFORM}/invoices/{invoice['ID']}/pay", paid)

    def _call(self, method: str, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        with requests.Session() as session:
            session.trust_env = False
            try:
                response = session.request(
                    method, f"{self.url}/control/{path}", data=to_json(body), timeout=TIMEOUT_SECONDS
                )
            except requests.RequestException as error:
                raise DemoFailed(f"The stand-in for accessplanit did not answer: {error}") from error
        if not response.ok:
            raise DemoFailed(f"The stand-in for accessplanit refused {method} {path}: {response.text}")
        answer: Mapping[str, Any] = from_json(response.text)
        return answer


def link(stand_in: SandboxAccessPlanit, portal_url: str, copies: Copies) -> Connection:
    """Link the company that posts into the ledger to the stand-in, and have it read at once. Twice changes nothing.

    The stand-in may be served on another port this time: address and key follow it, and its webhooks come here.
    """
    key = str(stand_in.platform()["api_key"])
    with atomic():
        company = Company.objects.get(tenant__name=TENANT, name=NORTHGATE.name)
        source = _source(company, stand_in, key)
        endpoint = _endpoint(source)
        token = token_of(endpoint, copies)
        _map(company)
        ensure(source, timezone.now())
        FeedReader.objects.filter(connection=source, lease_until=None).update(next_at=timezone.now())
    copies.save()
    stand_in.aim(f"{portal_url}/webhooks/{SLUG}/{endpoint.pk}/", token)
    return source


def _source(company: Company, stand_in: SandboxAccessPlanit, key: str) -> Connection:
    found = Connection.objects.filter(company=company, side=Side.SOURCE, integration=SLUG).first()
    if found is None:
        there = stand_in.address.partition("://")[2]
        return connect(
            company, SLUG, side=Side.SOURCE, settings={"base_url": stand_in.address}, secrets={"api_key": key},
            external_company_id=there, external_company_name=there, who=WHO,
        )  # fmt: skip
    found.settings, found.secrets = {**found.settings, "base_url": stand_in.address}, {"api_key": key}
    found.save(update_fields=["settings", "secrets"])
    return found


def _endpoint(source: Connection) -> Endpoint:
    """For all kinds: a hint names none."""
    found = source.endpoints.filter(kind="").order_by("created_at").first()
    return found or open_endpoint(source, who=WHO)


def _map(company: Company) -> None:
    """What a bookkeeper would have entered: which account takes what was sold, and where the money goes."""
    connection = accounting_connection(company)
    if connection is None:
        raise DemoFailed(f"{company} has no accounting system any more, so that nothing of its sales can be booked.")
    rules = rules_of(connection.mapping)
    if MappedCode.objects.filter(connection=connection, family__in=(REVENUE, BANK, SALES_TAX)).exists():
        return
    money = Rule(how=How.TABLE, absent=Missing.REFUSE, unknown=Missing.DEFAULT, default=CURRENT_ACCOUNT)
    sold = Rule(how=How.TABLE, absent=Missing.DEFAULT, unknown=Missing.DEFAULT, default=OTHER_INCOME)
    save_rules(connection, replace(rules, revenue=sold, bank=money), who=WHO)
    MappedCode.objects.bulk_create(
        MappedCode(connection=connection, family=family, source_code=theirs, accounting_code=code)
        for (family, theirs), code in CODES.items()
    )
