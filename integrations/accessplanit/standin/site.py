"""The web pages, for doing by hand what people do in accessplanit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.accessplanit.standin import pages, seed
from integrations.accessplanit.standin.control import acted, make_platform
from integrations.accessplanit.standin.faults import KNOBS, Faults
from integrations.accessplanit.standin.hooks import Hooks
from integrations.accessplanit.standin.life import Life
from integrations.accessplanit.standin.memory import Memory
from integrations.accessplanit.standin.refusals import Refused
from integrations.sandbox import page

_ONE: Final = "/platforms/<platform>"
_TABLE: Final = (
    ("GET", "/", "overview"),
    ("POST", "/platforms", "make_platform"),
    ("GET", "/behaviour", "faults"),
    ("POST", "/behaviour", "save_faults"),
    ("GET", _ONE, "platform"),
    ("POST", f"{_ONE}/hook", "save_hook"),
    ("POST", f"{_ONE}/invoices", "raise_invoice"),
    ("GET", f"{_ONE}/invoices/<invoice>", "invoice"),
    ("POST", f"{_ONE}/invoices/<invoice>/<any(commit, pay, refund, credit, cancel, change):act>", "act"),
    ("GET", f"{_ONE}/webhooks", "webhooks"),
)
RULES: Final = tuple(Rule(path, endpoint=f"page_{name}", methods=[method]) for method, path, name in _TABLE)
_LATEST: Final = 100


class Site:
    """The answers, within one transaction. Raises `Refused`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def answer(self, name: str, request: Request, values: Mapping[str, str]) -> Response:
        """The answer of one row of the table."""
        told: Response = getattr(self, f"_{name.removeprefix('page_')}")(request, **values)
        return told

    def _overview(self, request: Request) -> Response:
        return page("accessplanit", pages.overview(request.script_root, request.root_url, self._memory.platforms()))

    def _make_platform(self, request: Request) -> Response:
        name = request.form.get("name", "").strip()
        slug = "".join(one for one in name.lower() if one.isascii() and one.isalnum())[:40]
        if not slug or any(one["slug"] == slug for one in self._memory.platforms()):
            raise Refused(400, "Give it a name of its own, with letters in it.")
        make_platform(self._memory, slug, name)
        return redirect(f"{request.script_root}/platforms/{slug}", 303)

    def _platform(self, request: Request, platform: str) -> Response:
        found = self._memory.platform(platform)
        records = {name: self._memory.records(platform, name) for name in ("Invoice", "Transaction", "Company")}
        return page(found["name"], pages.platform(request.script_root, found, records, list(seed.COURSES)))

    def _save_hook(self, request: Request, platform: str) -> Response:
        given = {"hook_url": request.form.get("url", "").strip(), "hook_token": request.form.get("token", "").strip()}
        self._memory.change_platform(platform, given)
        return _back(request, platform)

    def _raise_invoice(self, request: Request, platform: str) -> Response:
        form = request.form
        course, source_id = form.get("course", ""), str(len(self._memory.records(platform, "InvoiceItem")) + 90_000)
        if course not in seed.COURSES:
            raise Refused(400, "Choose a course.")
        lines: list[dict[str, Any]] = [seed.place(course, form.get("delegate", "").strip() or "A. Delegate", source_id)]
        if discount := form.get("discount", "").strip():
            lines.append({"label": "Discount", "amount": f"-{discount}", "source_type": "Discount", "source_id": "31"})
        asked = {"customer": form.get("customer", ""), "lines": lines, "order_number": form.get("order_number", "")}
        status = "Temporary" if form.get("temporary") else "Outstanding"
        made = self._life(platform).raise_invoice({**asked, "status": status})
        return redirect(f"{request.script_root}/platforms/{platform}/invoices/{made['ID']}", 303)

    def _invoice(self, request: Request, platform: str, invoice: str) -> Response:
        found = self._memory.record(platform, "Invoice", invoice)
        parts = {name: self._of(platform, name, invoice) for name in ("InvoiceItem", "Transaction", "CreditNote")}
        return page(found["Reference"], pages.invoice(request.script_root, platform, found, parts))

    def _act(self, request: Request, platform: str, invoice: str, act: str) -> Response:
        given = {name: value.strip() for name, value in request.form.items()}
        if act == "change":
            given = {name: value for name, value in given.items() if name in ("PONumber", "DateDue") and value}
        acted(self._life(platform), act, invoice, given)
        return redirect(f"{request.script_root}/platforms/{platform}/invoices/{invoice}", 303)

    def _webhooks(self, request: Request, platform: str) -> Response:
        rows = self._memory.database.execute(
            "SELECT * FROM hooks WHERE platform = ? ORDER BY position DESC LIMIT ?", (platform, _LATEST)
        ).fetchall()
        return page("Webhooks", pages.webhooks(request.script_root, platform, [dict(row) for row in rows]))

    def _faults(self, request: Request) -> Response:
        return page("Faults", pages.faults(request.script_root, Faults(self._memory).told()))

    def _save_faults(self, request: Request) -> Response:
        Faults(self._memory).set({name: _typed(name, request.form.get(name, "")) for name in KNOBS})
        return redirect(f"{request.script_root}/behaviour", 303)

    def _of(self, platform: str, module: str, invoice: str) -> list[dict[str, Any]]:
        return [one for one in self._memory.records(platform, module) if one["InvoiceID"] == invoice]

    def _life(self, platform: str) -> Life:
        return Life(self._memory, self._memory.platform(platform)["slug"], Hooks(self._memory, platform))


def _typed(name: str, text: str) -> object:
    """A form's text as the knob's own type. Raises `Refused`."""
    default = KNOBS[name][0]
    if isinstance(default, bool):
        return text == "on"
    if isinstance(default, int):
        if not text.isascii() or not text.isdigit():
            raise Refused(400, f"{name} must be a whole number.")
        return int(text)
    return text


def _back(request: Request, platform: str) -> Response:
    return redirect(f"{request.script_root}/platforms/{platform}", 303)
