"""Entries of the ledger in the stand-in for Odoo: their lines, what customers owe on them, and what settles what."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from integrations.odoo.chart import BANK, RECEIVABLE, SALES_RECORDS
from integrations.odoo.records import Database, Failure, Values, all_of, insert, one_of, update

LINE: Final = "account.move.line"
_ZERO: Final = Decimal(0)
_OWED: Final = "asset_receivable"


def furnish(database: Database) -> None:
    """Put in what sales need, and give each partner the receivable account."""
    for model, values in SALES_RECORDS:
        insert(database, model, dict(values))
    by_code = {one["code"]: one["id"] for one in all_of(database, "account.account")}
    bank = next(one for one in all_of(database, "account.journal") if one["type"] == "bank")
    update(database, "account.journal", {**bank, "default_account_id": by_code[BANK]})
    for partner in all_of(database, "res.partner"):
        update(database, "res.partner", {**partner, "property_account_receivable_id": by_code[RECEIVABLE]})


def receivable_of(database: Database) -> int:
    """The account on which customers owe."""
    return next(int(one["id"]) for one in all_of(database, "account.account") if one["code"] == RECEIVABLE)


def with_total(move: Values) -> Values:
    """An entry with its total, which is that of its debits in their own currency."""
    total = sum((line["amount_currency"] for line in move["lines"] if line["amount_currency"] > 0), _ZERO)
    none = dict.fromkeys(("amount_untaxed", "amount_tax"), _ZERO)
    return {**move, **none, "amount_total": total, "amount_total_signed": total, "tax_totals": False}


def check_balanced(database: Database, move: Values) -> None:
    """Raises `Failure` for an entry whose debits are not its credits."""
    lines = _lines(database, move)
    if sum((line["debit"] - line["credit"] for line in lines), _ZERO):
        raise Failure("The entry is not balanced.")


def keep_line(database: Database, move_id: int, line: Values) -> int:
    """A line of an entry as a record of its own, or written anew; its id."""
    account = one_of(database, "account.account", line["account_id"])
    values = {
        **{name: value for name, value in line.items() if name != "xid"},
        "move_id": move_id,
        "account_type": account["account_type"],
        "amount_residual_currency": line["amount_currency"] if account["account_type"] == _OWED else _ZERO,
        "parent_state": "draft",
    }
    query = "SELECT res_id FROM external WHERE module || '.' || name = ?"
    known = database.execute(query, (line["xid"],)).fetchone()
    if known is None:
        return insert(database, LINE, values)
    update(database, LINE, {**one_of(database, LINE, known["res_id"]), **values})
    return int(known["res_id"])


def keep_line_of(database: Database, move: Values) -> None:
    """What a sales invoice that is being posted makes a customer owe."""
    if not move["move_type"].startswith("out_"):
        return
    sign = 1 if move["move_type"] == "out_invoice" else -1
    owed, told = sign * move["amount_total_signed"], sign * move["amount_total"]
    insert(
        database,
        LINE,
        {
            "move_id": move["id"],
            "account_id": receivable_of(database),
            "partner_id": move["partner_id"],
            "currency_id": move["currency_id"],
            "debit": max(owed, _ZERO),
            "credit": max(-owed, _ZERO),
            "amount_currency": told,
            "amount_residual_currency": told,
            "account_type": _OWED,
        },
    )


def posted_lines(database: Database, move: Values) -> None:
    """The lines follow their entry."""
    for line in _lines(database, move):
        update(database, LINE, {**line, "parent_state": "posted"})


def remove_lines(database: Database, model: str, move: Values) -> None:
    """Those of an entry that is removed."""
    for line in _lines(database, move) if model == "account.move" else ():
        database.execute("DELETE FROM record WHERE model = ? AND id = ?", (LINE, line["id"]))


def reconciled(database: Database, ids: Sequence[int]) -> None:
    """Settle debits with credits, as far as they go. Raises `Failure` for lines that do not belong together."""
    lines = [one_of(database, LINE, one) for one in ids]
    if len({line["account_id"] for line in lines}) > 1:
        raise Failure("Entries are not from the same account: they cannot be reconciled.")
    if any(line["parent_state"] != "posted" for line in lines):
        raise Failure("You can only reconcile posted entries.")
    if any(line["reconciled"] for line in lines):
        raise Failure("You are trying to reconcile some entries that are already reconciled.")
    for credit in (line for line in lines if line["amount_residual_currency"] < 0):
        for debit in (line for line in lines if line["amount_residual_currency"] > 0):
            amount = min(debit["amount_residual_currency"], -credit["amount_residual_currency"])
            debit["amount_residual_currency"] -= amount
            credit["amount_residual_currency"] += amount
            partial = {"debit_move_id": debit["id"], "credit_move_id": credit["id"], "debit_amount_currency": amount}
            insert(database, "account.partial.reconcile", partial)
    for line in lines:
        update(database, LINE, {**line, "reconciled": not line["amount_residual_currency"]})


def _lines(database: Database, move: Values) -> list[Values]:
    return [one for one in all_of(database, LINE) if one["move_id"] == move["id"]]
