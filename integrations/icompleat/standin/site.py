"""The web pages: which address shows what, and what the forms do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from uuid import uuid4

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.icompleat.standin import people, site_transactions
from integrations.icompleat.standin.asked import BadRequest, aim, number_of, text_of
from integrations.icompleat.standin.faults import KNOBS
from integrations.icompleat.standin.kinds import Tray
from integrations.icompleat.standin.pages import behaviour, company, overview, reference
from integrations.icompleat.standin.pages.company import Shelf
from integrations.icompleat.standin.refusals import Unknown
from integrations.icompleat.standin.rows import Place
from integrations.icompleat.standin.summary import Summary, summary
from integrations.icompleat.standin.transactions import Held
from integrations.icompleat.standin.world import World
from integrations.sandbox import page

_COMPANY: Final = "/companies/<company_id>"
_TABLE: Final = (
    ("GET", "/", "overview"),
    ("POST", "/companies", "make_company"),
    ("POST", "/tenants/<tenant_id>/key", "new_key"),
    ("GET", "/faults", "faults"),
    ("POST", "/faults", "save_faults"),
    ("POST", "/faults/reset", "reset_faults"),
    ("GET", "/calls", "calls"),
    ("GET", _COMPANY, "company"),
    ("GET", f"{_COMPANY}/endpoints", "endpoints"),
    ("POST", f"{_COMPANY}/endpoints", "save_endpoint"),
    ("GET", f"{_COMPANY}/lists", "lists"),
    ("GET", f"{_COMPANY}/lists/<name>", "rows"),
    ("GET", f"{_COMPANY}/deliveries", "deliveries"),
    ("POST", f"{_COMPANY}/transactions", "make_transaction"),
    ("POST", f"{_COMPANY}/<any(approve, retry):step>", "act_on_all"),
)
RULES: Final = (
    *(Rule(path, endpoint=f"page_{name}", methods=[method]) for method, path, name in _TABLE),
    *(Rule(path, endpoint=f"one_{name}", methods=[method]) for method, path, name in site_transactions.TABLE),
)
# So many transactions of a tray are on the page of all trays; a tray alone shows more.
_FEW: Final = 25
_SHOWN: Final = 50
_LATEST: Final = 100
_LONGEST_NAME: Final = 100


class Site:
    """The answers. Raises `BadRequest`, `Unknown`, `WrongTray`, `UnderWay`, `Refused`, `BadKnob`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._transactions = site_transactions.TransactionSite(world)

    def answer(self, name: str, request: Request, values: Mapping[str, str]) -> Response:
        """The answer of one row of the table."""
        house, _, own = name.partition("_")
        handler: Callable[..., Response] = (
            getattr(self, f"_{own}") if house == "page" else getattr(self._transactions, own)
        )
        return handler(request, **values)

    # companies

    def _overview(self, request: Request) -> Response:
        companies = self._world.companies.all()
        counts = {each["id"]: self._world.transactions.counts(each["id"]) for each in companies}
        tenants = self._world.companies.tenants()
        return page("iCompleat", overview.overview(request.script_root, request.root_url, tenants, companies, counts))

    def _make_company(self, request: Request) -> Response:
        name = text_of(request.form, "name")[:_LONGEST_NAME]
        made = self._world.add_company(str(uuid4()), name, text_of(request.form, "base_currency").upper())
        return redirect(f"{request.script_root}/companies/{made['id']}", 303)

    def _new_key(self, request: Request, tenant_id: str) -> Response:
        self._world.companies.new_key(tenant_id)
        return redirect(f"{request.script_root}/", 303)

    def _company(self, request: Request, company_id: str) -> Response:
        found = self._world.companies.one(company_id)
        number = max(number_of(request, "page", 1), 1)
        wanted = request.args.get("tray", "")
        trays = [tray for tray in Tray if wanted in ("", tray)]
        counts = self._world.transactions.counts(found["id"])
        size = _SHOWN if wanted else _FEW
        shelves = [self._shelf(found, tray, counts[tray], number if wanted else 1, size) for tray in trays]
        done = request.args.get("done")
        last = self._row(self._world.transactions.one(done)) if done else None
        return page(found["name"], company.trays(request.script_root, found, shelves, last))

    def _shelf(self, found: Mapping[str, str], tray: Tray, count: int, number: int, size: int) -> Shelf:
        skip = (number - 1) * size
        held = self._world.transactions.of_company(found["id"], tray, size, skip)
        rows = [(summary(each, found["base_currency"]), self._world.life.steps(each)) for each in held]
        return Shelf(tray, count, rows, number, has_more=count > skip + size)

    def _endpoints(self, request: Request, company_id: str) -> Response:
        found = self._world.companies.one(company_id)
        targets = self._world.companies.targets(found["id"])
        return page(found["name"], company.endpoints(request.script_root, found, targets))

    def _save_endpoint(self, request: Request, company_id: str) -> Response:
        aim(self._world, company_id, request.form.get("kind", "all"), request.form)
        return redirect(f"{request.script_root}/companies/{company_id}/endpoints", 303)

    def _deliveries(self, request: Request, company_id: str) -> Response:
        found = self._world.companies.one(company_id)
        sent = self._world.deliveries.latest(found["id"], _LATEST)
        return page(found["name"], company.deliveries(request.script_root, found, sent))

    def _lists(self, request: Request, company_id: str) -> Response:
        found = self._world.companies.one(company_id)
        named = reference.names(self._world.fields.all(found["id"]))
        counts = {name: self._world.rows.count(Place(found["id"], name)) for name in named}
        return page(found["name"], reference.lists(request.script_root, found, named, counts))

    def _rows(self, request: Request, company_id: str, name: str) -> Response:
        found = self._world.companies.one(company_id)
        named = reference.names(self._world.fields.all(found["id"]))
        if name not in named:
            raise Unknown("There is no such list.")
        place, words = Place(found["id"], name), request.args.get("q", "").strip()
        number = max(number_of(request, "page", 1), 1)
        rows = self._world.rows.find(place, words, number, _SHOWN)
        shown = reference.rows(
            request.script_root, found, name, rows[:_SHOWN], count=self._world.rows.count(place), words=words,
            page=number, has_more=len(rows) > _SHOWN,
        )  # fmt: skip
        return page(f"{named[name]} of {found['name']}", shown)

    def _make_transaction(self, request: Request, company_id: str) -> Response:
        self._world.add_sample(company_id, request.form.get("sample", ""))
        return redirect(f"{request.script_root}/companies/{company_id}", 303)

    def _act_on_all(self, request: Request, company_id: str, step: str) -> Response:
        found = self._world.companies.one(company_id)
        self._world.life.act_on_all(step, found["id"], people.approver(found))
        return redirect(f"{request.script_root}/companies/{company_id}", 303)

    # behaviour

    def _faults(self, request: Request) -> Response:
        return page("Faults", behaviour.faults(request.script_root, self._world.faults.told()))

    def _save_faults(self, request: Request) -> Response:
        self._world.faults.set({name: _knob(request.form, name) for name in KNOBS})
        return redirect(f"{request.script_root}/faults", 303)

    def _reset_faults(self, request: Request) -> Response:
        self._world.faults.reset()
        return redirect(f"{request.script_root}/faults", 303)

    def _calls(self, request: Request) -> Response:
        shown = behaviour.calls(request.script_root, self._world.calls.counts(), self._world.calls.latest(_LATEST))
        return page("API calls", shown)

    def _row(self, held: Held) -> Summary:
        return summary(held, self._world.companies.one(held.company_id)["base_currency"])


def _knob(given: Mapping[str, str], name: str) -> bool | int | str:
    sort = type(KNOBS[name].default)
    if sort is bool:
        return name in given
    text = given.get(name, str(KNOBS[name].default)).strip()
    if sort is int and not (text.isascii() and text.isdigit()):
        raise BadRequest(f"{name} must be a whole number from 0.")
    return sort(text)
