"""What the demo finds in the database: one tenant, two companies or three, their links, endpoints, and two people.

Seeding twice changes nothing. What somebody renamed or paused in the meantime stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from django.contrib.auth.models import User
from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import Link
from integrations.documents import Kind
from integrations.icompleat.connector import ICompleat
from ledger.services import open_books
from portal.connections import registry
from portal.connections.models import Connection, Endpoint, Side, Status
from portal.connections.services import connect, open_endpoint, outbound_terms, pause, resume
from portal.connections.tokens import issue_token, live_tokens
from portal.digests import digest
from portal.operations.demo.copies import Copies
from portal.operations.demo.elsewhere import Elsewhere
from portal.operations.demo.furnishing import furnish
from portal.operations.demo.icompleat import A_MINUTE
from portal.reference.models import MappedCode
from portal.reference.rules import DimensionRule, How, Rule, Rules, defaults, to_json
from portal.tenants.models import Company, Member, Role, Tenant

WHO = "demo"
TENANT = "Northgate Group"
KINDS: tuple[Kind | None, ...] = (Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE, Kind.RECEIPT, None)
# What iCompleat's minimal invoice lacks: a telephone bill at the standard rate.
DEFAULTS = to_json(defaults(account="7502", tax="T1"))


@dataclass(frozen=True, slots=True)
class DemoSystem:
    """Where the demo accounting system is served, and its access token."""

    url: str
    token: str


@dataclass(frozen=True, slots=True)
class DemoSource:
    """Where the stand-in for iCompleat serves its API, and the security key of the demo's tenant there."""

    url: str
    key: str


@dataclass(frozen=True, slots=True)
class Login:
    """A person's way in."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class SeededEndpoint:
    """An endpoint with its token in clear. `kind` is a kind's value, or `all`."""

    kind: str
    path: str
    token: str


@dataclass(frozen=True, slots=True)
class SeededCompany:
    """A company of the demo: its name, its id in iCompleat, the slug of its accounting system."""

    name: str
    icompleat_company_id: str
    accounting: str
    endpoints: tuple[SeededEndpoint, ...]


@dataclass(frozen=True, slots=True)
class Seeded:
    """All that the demo made or found again."""

    companies: tuple[SeededCompany, ...]
    staff: Login
    customer: Login


@dataclass(frozen=True, slots=True)
class _Plan:
    name: str
    icompleat_company_id: str
    accounting: str


NORTHGATE = _Plan("Northgate Training Ltd", "8d4bb975-eade-42fd-a064-bf448e493c1e", "ledger")
HARBOUR = _Plan("Harbour Street Studios Ltd", "3c1f0a52-7d0e-4b6c-9a35-51f6c2d8e704", "demo")
HARBOUR_IN_DEMO_BOOKS = "harbour-street"
ICOMPLEAT_TENANT = "5e0d9a7c-2b41-4d0f-8f1e-7a3c6b9d2e10"
ELSEWHERE = "Mill Lane Printing Ltd in "
NAMESPACE = UUID("0d0e7d0f-3f3c-4c55-9c0e-6a2f6a1c7d11")
NOTHING_TOLD: Mapping[str, Any] = {}
NOT_HERE = "The demo runs without this system this time."


def icompleat_link(company_id: str, icompleat: DemoSource) -> Link:
    """What a connection of one company to the stand-in for iCompleat is given."""
    address = {"base_url": icompleat.url, "tenant_id": ICOMPLEAT_TENANT, "company_id": company_id}
    return Link(settings=address, secrets={"security_key": icompleat.key}, outbound=outbound_terms())


@atomic
def seed(copies: Copies, system: DemoSystem, icompleat: DemoSource, elsewhere: Sequence[Elsewhere] = ()) -> Seeded:
    """Make what is missing, and find the rest again. `copies` gets every new secret; the caller saves them.

    For each one of `elsewhere` there is one more company that posts there. It is paused while the demo runs without.
    """
    tenant, _ = Tenant.objects.get_or_create(name=TENANT)
    plans = (NORTHGATE, HARBOUR, *map(_plan, elsewhere))
    made = {plan: _company(tenant, plan) for plan in plans}
    _on_the_ledger(made[NORTHGATE])
    address = {"base_url": system.url, "company_id": HARBOUR_IN_DEMO_BOOKS}
    _on_a_system(made[HARBOUR], HARBOUR, address, {"token": system.token}, DEFAULTS)
    for one in elsewhere:
        codes = to_json(_rules(one))
        company = made[_plan(one)]
        _on_a_system(company, _plan(one), one.settings, one.secrets, codes, one.told)
        _tell(company, one)
        _map(company, one)
    _pause_others(tenant, plans)
    staff = _person("staff", copies, is_staff=True, is_superuser=True)
    customer = _person("customer", copies)
    Member.objects.get_or_create(
        tenant=tenant, user=User.objects.get(username=customer.username), defaults={"role": Role.OWNER}
    )
    seeded = tuple(_seeded(company, plan, icompleat, copies) for plan, company in made.items())
    return Seeded(seeded, staff, customer)


def _plan(elsewhere: Elsewhere) -> _Plan:
    seed = f"{elsewhere.slug} {elsewhere.way}".strip()
    return _Plan(f"{ELSEWHERE}{elsewhere.name}", str(uuid5(NAMESPACE, seed)), elsewhere.slug)


def _tell(company: Company, elsewhere: Elsewhere) -> None:
    """What somebody who visited the system would have brought back, and what it therefore takes."""
    connection = _linked(company)
    if connection is None or not elsewhere.told:
        return
    connection.told, connection.told_at = dict(elsewhere.told), timezone.now()
    connection.external_company_id = elsewhere.company_id
    connection.save(update_fields=["told", "told_at", "external_company_id"])


def _rules(elsewhere: Elsewhere) -> Rules:
    """Its default codes; suppliers and departments by table, where their codes are not iCompleat's."""
    plain = defaults(account=elsewhere.account_code, tax=elsewhere.tax_code)
    if not elsewhere.codes:
        return plain
    return replace(plain, supplier=Rule(how=How.TABLE), dimensions=(DimensionRule(name="Department", how=How.TABLE),))


def _map(company: Company, elsewhere: Elsewhere) -> None:
    """The rows of the tables."""
    for (family, theirs), code in elsewhere.codes.items():
        MappedCode.objects.get_or_create(
            connection=_linked(company), family=family, source_code=theirs, defaults={"accounting_code": code}
        )


def _kept(plan: _Plan, settings: Mapping[str, str], told: Mapping[str, Any]) -> tuple[Kind, ...]:
    """What the system does not take is kept as a memo entry."""
    takes = registry.system(plan.accounting).can_for(settings, told).kinds
    return tuple(kind for kind in KINDS if kind and kind not in takes)


def _pause_others(tenant: Tenant, plans: Iterable[_Plan]) -> None:
    """A system that ran beside an earlier demo is not there now; one that is there again goes on."""
    here = [plan.name for plan in plans]
    linked = Connection.objects.filter(company__tenant=tenant, side=Side.ACCOUNTING, status=Status.LINKED)
    for connection in linked.exclude(company__name__in=here).filter(company__name__startswith=ELSEWHERE, paused=False):
        pause(connection, who=WHO, why=NOT_HERE)
    for connection in linked.filter(company__name__in=here, company__name__startswith=ELSEWHERE, paused=True):
        resume(connection, who=WHO, why="The demo runs with it again.")


def _company(tenant: Tenant, plan: _Plan) -> Company:
    company, _ = Company.objects.get_or_create(
        tenant=tenant, name=plan.name, defaults={"base_currency": "GBP", "live_at": timezone.now()}
    )
    return company


def _on_the_ledger(company: Company) -> None:
    if _linked(company) is None:
        books = open_books(company.name, company.base_currency)
        furnish(books)
        _link(company, NORTHGATE, settings={"books": str(books.pk)})


def _on_a_system(
    company: Company,
    plan: _Plan,
    address: Mapping[str, str],
    secrets: Mapping[str, str],
    codes: Mapping[str, Any],
    told: Mapping[str, Any] = NOTHING_TOLD,
) -> None:
    """The system may be served on another port this time: address and secrets follow it."""
    connection = _linked(company)
    if connection is None:
        memo_books = open_books(f"{company.name}, memo entries", company.base_currency)
        settings = {**address, "memo_books": str(memo_books.pk)}
        _link(company, plan, settings=settings, secrets=secrets, mapping=codes, kept_kinds=_kept(plan, settings, told))
    elif connection.integration == plan.accounting:
        connection.settings = {**connection.settings, **address}
        connection.secrets = dict(secrets)
        connection.save(update_fields=["settings", "secrets"])


def _linked(company: Company) -> Connection | None:
    return Connection.objects.filter(company=company, side=Side.ACCOUNTING).exclude(status=Status.UNLINKED).first()


def _link(
    company: Company,
    plan: _Plan,
    *,
    settings: Mapping[str, str],
    secrets: Mapping[str, str] | None = None,
    mapping: Mapping[str, Any] = DEFAULTS,
    kept_kinds: tuple[Kind, ...] = (),
) -> None:
    connect(
        company, plan.accounting, side=Side.ACCOUNTING, settings=settings, secrets=secrets, mapping=mapping,
        kept_kinds=kept_kinds, external_company_name=company.name, who=WHO,
    )  # fmt: skip


def _seeded(company: Company, plan: _Plan, icompleat: DemoSource, copies: Copies) -> SeededCompany:
    source = _source(company, plan, icompleat)
    endpoints = tuple(_seeded_endpoint(source, kind, copies) for kind in KINDS)
    return SeededCompany(company.name, plan.icompleat_company_id, plan.accounting, endpoints)


def _source(company: Company, plan: _Plan, icompleat: DemoSource) -> Connection:
    """The stand-in may be served on another port this time, too."""
    slug = ICompleat.metadata.slug
    link = icompleat_link(plan.icompleat_company_id, icompleat)
    found = Connection.objects.filter(company=company, side=Side.SOURCE, integration=slug).first()
    if found is None:
        return connect(
            company, slug, side=Side.SOURCE, secrets=link.secrets,
            settings={**link.settings, "raise_transactions": "yes", "requests_per_minute": str(A_MINUTE)},
            external_company_id=plan.icompleat_company_id, external_company_name=company.name, who=WHO,
        )  # fmt: skip
    found.settings, found.secrets = {**found.settings, **link.settings}, dict(link.secrets)
    found.save(update_fields=["settings", "secrets"])
    return found


def _seeded_endpoint(source: Connection, kind: Kind | None, copies: Copies) -> SeededEndpoint:
    endpoint = source.endpoints.filter(kind=kind or "").order_by("created_at").first()
    endpoint = endpoint or open_endpoint(source, kind=kind, who=WHO)
    path = f"/webhooks/{source.integration}/{endpoint.pk}/"
    return SeededEndpoint(kind or "all", path, token_of(endpoint, copies))


def token_of(endpoint: Endpoint, copies: Copies) -> str:
    """Our copy while it still opens the endpoint, else a new token."""
    copy = copies.get(str(endpoint.pk))
    if copy and digest(copy) in {token.digest for token in live_tokens(endpoint, timezone.now())}:
        return copy
    return copies.put(str(endpoint.pk), issue_token(endpoint, who=WHO))


def _person(username: str, copies: Copies, **rights: bool) -> Login:
    password = copies.get_or_make(username)
    user, made = User.objects.get_or_create(username=username, defaults=rights)
    if made or not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return Login(username, password)
