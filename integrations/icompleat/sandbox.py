"""A stand-in for iCompleat: trays, approval over real HTTP, pages under `/` and JSON for scripts under `/control`.

Its own interface for API clients belongs under `/api` and stays free for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final
from wsgiref.types import WSGIApplication

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.documents import Kind
from integrations.exact import from_json, to_json
from integrations.icompleat import pages
from integrations.icompleat.approval import Approvals, UnderWay, WrongTray
from integrations.icompleat.summary import KINDS, Summary, summary
from integrations.icompleat.trays import DEFAULT_TOKEN_HEADER, Held, Options, Target, Tray, Trays, Unknown
from integrations.sandbox import Store, page

_COMPANY: Final = "/control/companies/<company>"
_TRANSACTION: Final = "/control/transactions/<transaction>"
_ROUTES: Final = Map(
    [
        Rule("/", endpoint="overview", methods=["GET"]),
        Rule("/transactions/<transaction>", endpoint="transaction_page", methods=["GET"]),
        Rule("/transactions/<transaction>/<any(approve, retry):action>", endpoint="act", methods=["POST"]),
        Rule("/companies/<company>/endpoints", endpoint="save_endpoint", methods=["POST"]),
        Rule("/companies/<company>/transactions", endpoint="make_transaction", methods=["POST"]),
        Rule("/control/companies", endpoint="companies", methods=["GET"]),
        Rule(_COMPANY, endpoint="add_company", methods=["PUT"]),
        Rule(f"{_COMPANY}/endpoints", endpoint="endpoints", methods=["GET"]),
        Rule(f"{_COMPANY}/endpoints/<kind>", endpoint="set_endpoint", methods=["PUT"]),
        Rule(f"{_COMPANY}/transactions", endpoint="transactions", methods=["GET"]),
        Rule(f"{_COMPANY}/transactions", endpoint="add_transaction", methods=["POST"]),
        Rule(f"{_COMPANY}/<any(approve, retry):action>", endpoint="act_on_all", methods=["POST"]),
        Rule(_TRANSACTION, endpoint="transaction", methods=["GET"]),
        Rule(f"{_TRANSACTION}/<any(approve, retry):action>", endpoint="act_on_one", methods=["POST"]),
        Rule("/control/options", endpoint="options", methods=["GET"]),
        Rule("/control/options", endpoint="set_options", methods=["PUT"]),
    ]
)
_FROM_TRAY: Final = {"approve": Tray.AWAITING_APPROVAL, "retry": Tray.POSTING_FAILURES}


def build(state: Store) -> WSGIApplication:
    """The application, with everything that the store remembers."""
    return Request.application(ICompleatSandbox(state).answer)


class BadRequest(Exception):
    """A request to the control interface that says nothing usable."""


class ICompleatSandbox:
    """Finds the right answer to a request."""

    def __init__(self, state: Store) -> None:
        self._trays = Trays(state)
        self._approvals = Approvals(self._trays)

    def answer(self, request: Request) -> Response:
        """One request, one answer; failures as JSON with one sentence."""
        routes = _ROUTES.bind_to_environ(request.environ)
        try:
            return self._routed(routes, request)
        except HTTPException as error:
            return _json({"error": "There is nothing here."}, error.code or 500)
        except Unknown as error:
            return _json({"error": str(error)}, 404)
        except (WrongTray, UnderWay) as error:
            return _json({"error": str(error)}, 409)
        except BadRequest as error:
            return _json({"error": str(error)}, 400)

    def _routed(self, routes: MapAdapter, request: Request) -> Response:
        name, values = routes.match()
        answer: Callable[..., Response] = getattr(self, f"_{name}")
        return answer(request, **values)

    # pages

    def _overview(self, request: Request) -> Response:
        companies = self._trays.companies()
        shown = {one["id"]: self._summaries(self._trays.transactions(one["id"])) for one in companies}
        targets = {one["id"]: self._trays.targets(one["id"]) for one in companies}
        done = request.args.get("done")
        outcome = self._summary(self._trays.transaction(done)) if done else None
        return page("iCompleat", pages.overview(request.script_root, companies, shown, targets, outcome))

    def _transaction_page(self, request: Request, transaction: str) -> Response:
        shown = self._summary(self._trays.transaction(transaction))
        return page(shown.number, pages.transaction(request.script_root, shown, self._trays.deliveries(shown.id)))

    def _act(self, request: Request, transaction: str, action: str) -> Response:
        held = self._acted(transaction, action)
        return redirect(f"{request.script_root}/?done={held.id}", 303)

    def _save_endpoint(self, request: Request, company: str) -> Response:
        self._aim(company, request.form.get("kind", "all"), request.form)
        return redirect(f"{request.script_root}/", 303)

    def _make_transaction(self, request: Request, company: str) -> Response:
        self._trays.add_transaction(company, request.form.get("sample", ""))
        return redirect(f"{request.script_root}/", 303)

    # control

    def _companies(self, request: Request) -> Response:
        return _json({"companies": self._trays.companies()})

    def _add_company(self, request: Request, company: str) -> Response:
        body = _body(request)
        self._trays.add_company(company, _text(body, "name"), _text(body, "base_currency"))
        return _json(self._trays.company(company))

    def _endpoints(self, request: Request, company: str) -> Response:
        targets = self._trays.targets(self._trays.company(company)["id"])
        return _json({"endpoints": [{"kind": kind, **asdict(target)} for kind, target in targets.items()]})

    def _set_endpoint(self, request: Request, company: str, kind: str) -> Response:
        self._aim(company, kind, _body(request))
        return self._endpoints(request, company)

    def _transactions(self, request: Request, company: str) -> Response:
        company_id = self._trays.company(company)["id"]
        return _json({"transactions": self._rows(self._trays.transactions(company_id))})

    def _add_transaction(self, request: Request, company: str) -> Response:
        held = self._trays.add_transaction(company, _text(_body(request), "sample"))
        return _json(self._summary(held).as_json(), 201)

    def _transaction(self, request: Request, transaction: str) -> Response:
        held = self._trays.transaction(transaction)
        deliveries = [asdict(sent) for sent in self._trays.deliveries(held.id)]
        return _json({**self._summary(held).as_json(), "body": held.body, "deliveries": deliveries})

    def _act_on_one(self, request: Request, transaction: str, action: str) -> Response:
        return _json(self._summary(self._acted(transaction, action)).as_json())

    def _act_on_all(self, request: Request, company: str, action: str) -> Response:
        delivered = self._approvals.all(self._trays.company(company)["id"], _FROM_TRAY[action])
        return _json({"transactions": self._rows(delivered)})

    def _options(self, request: Request) -> Response:
        return _json(asdict(self._trays.options()))

    def _set_options(self, request: Request) -> Response:
        self._trays.set_options(_options(_body(request), self._trays.options()))
        return self._options(request)

    # what they share

    def _acted(self, transaction: str, action: str) -> Held:
        return self._approvals.approve(transaction) if action == "approve" else self._approvals.retry(transaction)

    def _aim(self, company: str, kind: str, given: Mapping[str, Any]) -> None:
        company_id = self._trays.company(company)["id"]
        header = given.get("token_header") or DEFAULT_TOKEN_HEADER
        target = Target(_text(given, "url"), _text(given, "token"), str(header))
        for one in _kinds(kind):
            self._trays.aim(company_id, one, target)

    def _summaries(self, transactions: list[Held]) -> list[Summary]:
        return [self._summary(held) for held in transactions]

    def _summary(self, held: Held) -> Summary:
        base_currency = self._trays.company(held.company_id)["base_currency"]
        return summary(held, self._trays.deliveries(held.id), base_currency)

    def _rows(self, transactions: list[Held]) -> list[dict[str, Any]]:
        return [shown.as_json() for shown in self._summaries(transactions)]


def _kinds(word: str) -> tuple[Kind, ...]:
    if word == "all":
        return KINDS
    if word not in KINDS:
        raise BadRequest(f"The kind must be all or one of {', '.join(KINDS)}.")
    return (Kind(word),)


def _options(given: Mapping[str, Any], now: Options) -> Options:
    known = asdict(now)
    if any(name not in known or type(value) is not type(known[name]) for name, value in given.items()):
        raise BadRequest(f"Options are {', '.join(known)}, each in its own type.")
    return Options(**{**known, **given})


def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = from_json(request.get_data().decode())
    except ValueError:
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise BadRequest("The body is not a JSON object.")
    return body


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadRequest(f"{name} is missing.")
    return value.strip()


def _json(value: object, status: int = 200) -> Response:
    return Response(to_json(value), status=status, mimetype="application/json")
