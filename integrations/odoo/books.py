"""What the stand-in for Odoo keeps, and what can be done with it: each call is one transaction."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from integrations.odoo.booking import end_of_next_open_month, number, with_tax
from integrations.odoo.chart import RECORDS
from integrations.odoo.domains import matches
from integrations.odoo.entries import check_balanced, furnish, keep_line_of, posted_lines, reconciled, remove_lines
from integrations.odoo.loading import BUSY, loaded, not_loaded
from integrations.odoo.records import (
    SCHEMA,
    Failure,
    Values,
    all_of,
    existing,
    externals,
    insert,
    known_fields,
    now,
    one_of,
    told,
    update,
)
from integrations.sandbox import Store


class Books:
    """All records of one database. Each call is one transaction, and an error in it undoes all of it."""

    def __init__(self, state: Store) -> None:
        self._state = state
        self._loading: set[str] = set()
        self._lock = threading.Lock()
        state.create(SCHEMA)
        with state.transaction() as database:
            if database.execute("SELECT 1 FROM record LIMIT 1").fetchone() is None:
                for model, values in RECORDS:
                    insert(database, model, dict(values))
            if not all_of(database, "account.journal"):
                furnish(database)

    def search_read(self, model: str, asked: Mapping[str, Any]) -> list[Values]:
        """The records that match a domain, with the fields that were asked for."""
        fields = [*dict.fromkeys(("id", *asked.get("fields", ())))]
        known_fields(model, fields)
        with self._state.transaction() as database:
            rows = externals(database) if model == "ir.model.data" else all_of(database, model)
            if asked.get("context", {}).get("active_test", True):
                rows = [row for row in rows if row.get("active", True)]
            found = [row for row in rows if matches(row, asked.get("domain", ()))]
            return [told(database, row, fields) for row in found[: asked.get("limit")]]

    def load(self, model: str, fields: Sequence[str], data: Sequence[Sequence[str]]) -> Values:
        """Write one record under external ids. What goes wrong is told inside of a success, and nothing is written."""
        known_fields(model, [name.partition("/")[0] for name in fields])
        name = data[0][list(fields).index("id")]
        with self._turn(name) as is_ours:
            if not is_ours:
                return not_loaded(BUSY)
            try:
                with self._state.transaction() as database:
                    return {"ids": [loaded(database, model, fields, data)], "messages": [], "nextrow": 0}
            except Failure as failure:
                return not_loaded(failure.message)

    @contextmanager
    def _turn(self, name: str) -> Iterator[bool]:
        """Whether nobody else loads the same external id at this moment."""
        with self._lock:
            is_ours = name not in self._loading
            self._loading.add(name)
        try:
            yield is_ours
        finally:
            if is_ours:
                with self._lock:
                    self._loading.discard(name)

    def post(self, move_id: int, *, moves_date: bool = False) -> None:
        """Book a draft bill: a number, and another date where its period is locked."""
        with self._state.transaction() as database:
            move = existing(database, "account.move", move_id)
            if move["state"] != "draft":
                raise Failure(f"The entry {move['name'] or ''} (id {move_id}) must be in draft.")
            if move["amount_total"] < 0:
                raise Failure("A bill with a negative total amount cannot be posted; it has to be a credit note.")
            locked = move["date"] if moves_date else one_of(database, "res.company", 1)["fiscalyear_lock_date"]
            if locked and move["date"] <= locked:
                move["date"] = end_of_next_open_month(locked)
            if move["move_type"] == "entry":
                check_balanced(database, move)
            move = {**move, "state": "posted", "name": number(database, move)}
            update(database, "account.move", move)
            keep_line_of(database, move)
            posted_lines(database, move)
            partner = one_of(database, "res.partner", move["partner_id"])
            # As in Odoo: posting counts the supplier or customer up, which touches it.
            rank = "customer_rank" if move["move_type"].startswith("out_") else "supplier_rank"
            ranked = {**partner, rank: (partner[rank] or 0) + 1, "write_date": now()}
            update(database, "res.partner", ranked)

    def confirm(self, order_id: int) -> None:
        """Make an order of a request for quotation; one that is an order already stays as it is."""
        self._move_on("purchase.order", order_id, {"draft": "purchase", "sent": "purchase"})

    def cancel(self, model: str, record_id: int) -> None:
        """Set a document aside."""
        self._move_on(model, record_id, dict.fromkeys(("draft", "sent", "purchase", "posted"), "cancel"))

    def _move_on(self, model: str, record_id: int, states: Mapping[str, str]) -> None:
        with self._state.transaction() as database:
            record = existing(database, model, record_id)
            update(database, model, {**record, "state": states.get(record["state"], record["state"])})

    def unlink(self, model: str, record_id: int) -> None:
        """Remove a draft, with its external ids."""
        with self._state.transaction() as database:
            record = existing(database, model, record_id)
            if model == "account.move" and record["name"]:
                raise Failure("A document that was posted once cannot be deleted.")
            remove_lines(database, model, record)
            if model == "purchase.order" and record["state"] != "cancel":
                raise Failure("Cancel the purchase order before it is deleted.")
            database.execute("DELETE FROM record WHERE model = ? AND id = ?", (model, record_id))
            names = [name for name in (record["xid"], *(line["xid"] for line in record["lines"])) if name]
            for name in names:
                database.execute("DELETE FROM external WHERE module || '.' || name = ?", (name,))

    def reconcile(self, lines: Sequence[int]) -> None:
        """Settle debits with credits of one account, as far as they go."""
        with self._state.transaction() as database:
            reconciled(database, lines)

    def write(self, model: str, record_id: int, values: Mapping[str, Any]) -> None:
        """Change a record; of a bill also the tax of a group that has some."""
        known_fields(model, list(values))
        with self._state.transaction() as database:
            record = existing(database, model, record_id)
            for name in {"date", "invoice_date"} & set(values):
                _iso_date(values[name])
            plain = {name: value for name, value in values.items() if name != "tax_totals"}
            record = {**record, **plain}
            if "tax_totals" in values:
                record = with_tax(record, values["tax_totals"])
            update(database, model, record)

    def create(self, model: str, values: Mapping[str, Any]) -> int:
        """A record without further rules, for whoever prepares these books."""
        known_fields(model, list(values))
        with self._state.transaction() as database:
            return insert(database, model, dict(values))

    def documents(self) -> list[Values]:
        """All bills, credit notes and orders in any state, the newest first, for people and for checkers."""
        with self._state.transaction() as database:
            names = {row["id"]: row for row in all_of(database, "res.partner")}
            found = [*all_of(database, "account.move"), *all_of(database, "purchase.order")]
            found.sort(key=lambda one: (one["create_date"], one["id"]), reverse=True)
            return [{**one, "partner": names[one["partner_id"]]} for one in found]


def _iso_date(value: object) -> None:
    """As Odoo: a date that is none is an error of its own making, with status 500."""
    try:
        date.fromisoformat(str(value))
    except ValueError:
        message = f"time data '{value}' does not match format '%Y-%m-%d'"
        raise Failure(message, name="builtins.ValueError", status=500) from None
