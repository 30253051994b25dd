"""The pages of one transaction: what is shown of it, and what its forms do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.icompleat.standin.asked import BadRequest
from integrations.icompleat.standin.desk import Desk
from integrations.icompleat.standin.pages import transaction
from integrations.icompleat.standin.refusals import Refused, Unknown, WrongTray
from integrations.icompleat.standin.steps import STEPS
from integrations.icompleat.standin.summary import summary
from integrations.icompleat.standin.transactions import Held
from integrations.icompleat.standin.world import World
from integrations.sandbox import page

_TRANSACTION: Final = "/transactions/<transaction_id>"
TABLE: Final = (
    ("GET", _TRANSACTION, "transaction"),
    ("POST", f"{_TRANSACTION}/<any({', '.join(STEPS)}):step>", "act"),
    ("POST", f"{_TRANSACTION}/edit", "edit"),
    ("POST", f"{_TRANSACTION}/receipt", "receive"),
    ("GET", f"{_TRANSACTION}/attachments/<paper_id>", "paper"),
)
_QUANTITY: Final = "quantity-"
_DATES: Final = ("invoice", "payment_due", "delivery")
_TEXTS: Final = ("description", "account_code", "tax_code")


class TransactionSite:
    """The answers. Raises `Unknown`, `WrongTray`, `UnderWay`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._desk = Desk(world)

    def transaction(self, request: Request, transaction_id: str) -> Response:
        """The page."""
        return self._page(request, self._world.transactions.one(transaction_id))

    def act(self, request: Request, transaction_id: str, step: str) -> Response:
        """One step."""
        held = self._desk.act(step, transaction_id, request.form.get("comment", "").strip())
        return self._back(request, held, request.form.get("back", ""))

    def edit(self, request: Request, transaction_id: str) -> Response:
        """Other content. What is refused is shown again as it was typed, with the reason."""
        held = self._world.transactions.one(transaction_id)
        return self._tried(
            request, held, lambda: self._desk.edit(held.id, _edit(request.form, held.body)), "transaction"
        )

    def receive(self, request: Request, transaction_id: str) -> Response:
        """A receipt of the lines that have a quantity."""
        held = self._world.transactions.one(transaction_id)
        note = request.form.get("delivery_note", "").strip()
        return self._tried(request, held, lambda: self._desk.receive(held.id, _quantities(request.form), note), "")

    def paper(self, request: Request, transaction_id: str, paper_id: str) -> Response:
        """An attachment, to be saved."""
        for paper in self._world.transactions.attachments(self._world.transactions.one(transaction_id).id):
            if paper.id == paper_id:
                named = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
                return Response(paper.content, mimetype=paper.content_type, headers=named)
        raise Unknown("There is no such attachment.")

    def _tried(self, request: Request, held: Held, act: Callable[[], Held], back: str) -> Response:
        try:
            return self._back(request, act(), back)
        except (BadRequest, Refused, WrongTray) as error:
            response = self._page(request, held, complaint=str(error), typed=request.form)
            response.status_code = 409 if isinstance(error, WrongTray) else 400
            return response

    def _page(self, request: Request, held: Held, **told: Any) -> Response:
        shown = transaction.Shown(
            held=held,
            row=summary(held, self._world.companies.one(held.company_id)["base_currency"]),
            steps=self._world.life.steps(held),
            can_receive=self._world.life.can_receive(held),
            received=self._world.transactions.received(held.id),
            timeline=self._world.transactions.timeline(held.id),
            papers=self._world.transactions.attachments(held.id),
            deliveries=self._world.deliveries.of_transaction(held.id),
            is_done="done" in request.args,
            **told,
        )
        return page(shown.row.number, transaction.transaction(request.script_root, shown))

    def _back(self, request: Request, held: Held, back: str) -> Response:
        """To where the form was, with what came of it."""
        root = request.script_root
        if back == "transaction":
            return redirect(f"{root}/transactions/{held.id}?done={held.id}", 303)
        return redirect(f"{root}/companies/{held.company_id}?done={held.id}", 303)


def _edit(given: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: given[name] for name in ("title", "supplier_reference") if name in given},
        "dates": {name: given[name] for name in _DATES if name in given},
        "lines": [_line(given, line["Number"]) for line in body["Lines"]],
    }


def _line(given: Mapping[str, str], number: int) -> dict[str, Any]:
    told: dict[str, Any] = {name: given[f"{name}-{number}"].strip() for name in _TEXTS if f"{name}-{number}" in given}
    for name, label in (("net", "Net"), ("vat", "VAT")):
        if f"{name}-{number}" in given:
            told[name] = _decimal(given[f"{name}-{number}"], f"Line {number}: {label}")
    return {"number": number, **told}


def _quantities(given: Mapping[str, str]) -> dict[int, Decimal]:
    """Lines without a quantity, or with 0, have not come."""
    told = {name.removeprefix(_QUANTITY): value.strip() for name, value in given.items() if name.startswith(_QUANTITY)}
    coming = {
        int(number): _decimal(value, f"Line {number}: Quantity")
        for number, value in told.items()
        if number.isdecimal() and value
    }
    return {number: quantity for number, quantity in coming.items() if quantity}


def _decimal(text: str, name: str) -> Decimal:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or abs(value.adjusted()) > 20:
        raise BadRequest(f"{name} must be a number.")
    return value
