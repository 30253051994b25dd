"""How people and benches change what Demo Books knows by code: JSON under `/control/`, and a page with forms.

As open as the other pages: it stands in for people who work in the accounting system itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, MapAdapter, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.demo.books import Books
from integrations.demo.catalogue import Catalogue
from integrations.demo.checks import Refusal, amount_of
from integrations.demo.pages import rows_page
from integrations.demo.rows import RESOURCES
from integrations.exact import from_json, to_json
from integrations.sandbox import page

PREFIX: Final = "/control/"
_SHOWN: Final = 100
_CODES_TOLD: Final = 1000
_COMPANY: Final = f"{PREFIX}companies/<company_id>"
_LIST: Final = f"{_COMPANY}/<any({', '.join(repr(name) for name in RESOURCES)}):resource>"

_ROUTES: Final = Map(
    [
        Rule(_LIST, endpoint="show", methods=["GET"]),
        Rule(_LIST, endpoint="add", methods=["POST"]),
        Rule(f"{_COMPANY}/suppliers/generate", endpoint="generate", methods=["POST"]),
        Rule(f"{_COMPANY}/suppliers/change", endpoint="change_many", methods=["POST"]),
        Rule(f"{_COMPANY}/pay", endpoint="pay", methods=["POST"]),
        Rule(f"{_LIST}/<row_id>", endpoint="change", methods=["POST", "PATCH"]),
    ]
)


class Control:
    """Carries out what is asked; a form gets its page again, everything else gets JSON."""

    def __init__(self, books: Books, catalogue: Catalogue) -> None:
        self._books = books
        self._catalogue = catalogue

    def answer(self, request: Request) -> Response:
        """One request, one answer."""
        routes = _ROUTES.bind_to_environ(request.environ)
        is_form = request.mimetype == "application/x-www-form-urlencoded"
        try:
            name, values = routes.match()
            self._books.company(values["company_id"])
            if name == "show":
                return self._page(values["company_id"], values["resource"], request.script_root)
            body = _form(request) if is_form else _json(request)
            status, told = self._carried_out(name, values, body)
        except Refusal as refusal:
            return _refused(refusal, is_page=is_form or request.method == "GET")
        except HTTPException as error:
            return Response("There is nothing here.\n", status=error.code)
        if is_form and name == "pay":
            return redirect(f"{request.script_root}/documents/{body['document_id']}", 303)
        return _back(routes, values) if is_form else Response(to_json(told), status=status, mimetype="application/json")

    def _carried_out(self, name: str, values: Mapping[str, Any], body: Mapping[str, Any]) -> tuple[int, object]:
        company = values["company_id"]
        match name:
            case "add":
                return 201, self._catalogue.add(company, values["resource"], body)
            case "change":
                return 200, self._catalogue.change(company, values["resource"], values["row_id"], body)
            case "pay":
                amount = amount_of(body, "amount", "amount")
                return 201, self._books.pay(company, body.get("document_id"), amount)
            case "generate":
                return 201, {"suppliers": self._catalogue.generate(company, body.get("count", 0))}
            case _:
                codes = self._catalogue.change_many(company, body.get("count", 0), active=_flag(body))
                return 200, {"changed": len(codes), "codes": codes[:_CODES_TOLD]}

    def _page(self, company: str, resource: str, root: str) -> Response:
        rows = self._catalogue.rows(company, resource, most=_SHOWN)
        count = self._catalogue.count(company, resource)
        return page("Demo Books", rows_page(company, resource, rows, count, root))


def _flag(body: Mapping[str, Any]) -> bool | None:
    active = body.get("active")
    if active is None or isinstance(active, bool):
        return active
    raise Refusal("invalid", "active is true or false.", "active")


def _json(request: Request) -> Mapping[str, Any]:
    try:
        body = from_json(request.get_data().decode())
    except ValueError:
        raise Refusal("bad_request", "The body is not JSON.", status=400) from None
    if not isinstance(body, dict):
        raise Refusal("bad_request", "The body is not a JSON object.", status=400)
    return body


def _form(request: Request) -> Mapping[str, Any]:
    """What a form says, as JSON would: a number for the count and the rate, true or false for what is in use."""
    given: dict[str, Any] = {name: value.strip() for name, value in request.form.items() if value.strip()}
    try:
        given |= {name: from_json(given[name]) for name in ("count", "rate", "payment_days", "amount") if name in given}
    except ValueError:
        raise Refusal("invalid", "A number is not one.", "count") from None
    if "active" in given:
        given["active"] = given["active"] == "yes"
    return given


def _refused(refusal: Refusal, *, is_page: bool) -> Response:
    if not is_page:
        return Response(to_json({"error": refusal.error}), status=refusal.status, mimetype="application/json")
    told = page("Demo Books", Markup("<p>{}</p>").format(refusal.error["message"]))
    told.status_code = refusal.status
    return told


def _back(routes: MapAdapter, values: Mapping[str, Any]) -> Response:
    company, resource = values["company_id"], values.get("resource", "suppliers")
    return redirect(routes.build("show", {"company_id": company, "resource": resource}), 303)
