"""What an empty Tryton needs before a bill can be posted: a company in pounds, chart, years, taxes and suppliers."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from tests.live.tryton.rpc import Rpc

COMPANY: Final = "Rig Ltd"
KEY: Final = "f00d" * 32
"""The REST key of the rig; it opens nothing but this throw-away database."""
FIRST_YEAR: Final = 2024
"""The year of the contract's sample documents."""
CLOSED: Final = dt.date(2024, 1, 15)
"""A day in a period that is closed."""
ACCRUED_TAXES: Final = "2.2.3"
RATES: Final = {"GBP": "1", "USD": "1.2010", "EUR": "1.1700"}
ACCOUNTS: Final = {"5010": "Training rooms", "7502": "Telephone", "7504": "Stationery", "7506": "Software"}
SALES: Final = {"4000": "Courses", "4020": "Course materials"}
BANK: Final = "1200"
CASH: Final = "1.1.1"
EXCHANGE: Final = "6.2.1"
TAXES: Final = {"T0": ("Zero-rated", "0"), "T1": ("Standard rate", "0.20")}
SUPPLIERS: Final = {"CROWN01": "Crown Conference Centre", "METRO01": "Metro Telecom"}
DEPARTMENTS: Final = {"ADM": "Administration", "TRN": "Training"}
_NAMES: Final = {"GBP": "Pound sterling", "USD": "US dollar", "EUR": "Euro"}


def furnish(rpc: Rpc, *, last_year: int) -> None:
    """Everything, in the order in which one thing needs the other; fiscal years up to `last_year`."""
    currencies = {code: _currency(rpc, code) for code in RATES}
    company = _company(rpc, currencies["GBP"])
    chart = _chart(rpc, company)
    for year in range(FIRST_YEAR, last_year + 1):
        _fiscal_year(rpc, company, year)
    _close(rpc, CLOSED)
    _accounts(rpc, company, chart)
    _taxes(rpc, company, chart)
    rpc.create("account.invoice.payment_term", name="30 days", lines=[["create", [_in_thirty_days()]]])
    _departments(rpc, company)
    for code, name in SUPPLIERS.items():
        rpc.create("party.party", name=name, code=code, addresses=[["create", [{}]]])
    user = rpc.one("res.user", ["login", "=", "admin"])
    rpc.create("res.user.application", user=user, application="rest", key=KEY)


def _currency(rpc: Rpc, code: str) -> int:
    rate = {"date": dt.date(FIRST_YEAR, 1, 1), "rate": Decimal(RATES[code])}
    return rpc.create(
        "currency.currency",
        name=_NAMES[code], code=code, symbol=code, digits=2, rounding=Decimal("0.01"), rates=[["create", [rate]]],
    )  # fmt: skip


def _company(rpc: Rpc, currency: int) -> int:
    company = rpc.create("company.company", party=rpc.create("party.party", name=COMPANY), currency=currency)
    user = rpc.one("res.user", ["login", "=", "admin"])
    rpc.write("res.user", user, companies=[["add", [company]]], company=company)
    rpc.context = {"company": company, "companies": [company], "language": "en"}
    return company


def _chart(rpc: Rpc, company: int) -> dict[str, int]:
    """The universal chart of accounts, with its receivable and payable accounts as the defaults."""
    template = rpc.ids("account.account.template", [["parent", "=", None]])[0]
    session = rpc.call("wizard.account.create_chart.create")[0]
    run = "wizard.account.create_chart.execute"
    rpc.call(run, session, {"account": {"company": company, "account_template": template}}, "create_account")
    chart = {
        "receivable": rpc.ids("account.account", [["type.receivable", "=", True], ["party_required", "=", True]])[0],
        "payable": rpc.ids("account.account", [["type.payable", "=", True], ["party_required", "=", True]])[0],
        "tax": rpc.one("account.account", ["code", "=", ACCRUED_TAXES]),
        "expense": rpc.ids("account.account", [["type.expense", "=", True]])[0],
        "revenue": rpc.ids("account.account", [["type.revenue", "=", True]])[0],
        "cash": rpc.one("account.account", ["code", "=", CASH]),
    }
    properties = {
        "company": company,
        "account_receivable": chart["receivable"],
        "account_payable": chart["payable"],
    }
    rpc.call(run, session, {"properties": properties}, "create_properties")
    return chart


def _fiscal_year(rpc: Rpc, company: int, year: int) -> None:
    fiscal_year = rpc.create(
        "account.fiscalyear",
        name=str(year),
        company=company,
        start_date=dt.date(year, 1, 1),
        end_date=dt.date(year, 12, 31),
        move_sequence=_sequence(rpc, company, "Account Move", f"Moves {year}", f"{year}/"),
        invoice_sequences=[["create", [_invoice_sequences(rpc, company, year)]]],
    )
    rpc.call("model.account.fiscalyear.create_period", [fiscal_year])


def _invoice_sequences(rpc: Rpc, company: int, year: int) -> dict[str, Any]:
    sequence = _sequence(rpc, company, "Invoice", f"Invoices {year}", "")
    names = ("in_invoice_sequence", "in_credit_note_sequence", "out_invoice_sequence", "out_credit_note_sequence")
    return {"company": company, **dict.fromkeys(names, sequence)}


def _sequence(rpc: Rpc, company: int, sort: str, name: str, prefix: str) -> int:
    sort_id = rpc.one("ir.sequence.type", ["name", "=", sort])
    return rpc.create("ir.sequence.strict", name=name, sequence_type=sort_id, company=company, prefix=prefix)


def _close(rpc: Rpc, day: dt.date) -> None:
    period = rpc.one("account.period", ["start_date", "<=", day], ["end_date", ">=", day], ["type", "=", "standard"])
    rpc.call("model.account.period.close", [period])


def _accounts(rpc: Rpc, company: int, chart: dict[str, int]) -> None:
    for like, accounts in (("expense", ACCOUNTS), ("revenue", SALES), ("cash", {BANK: "Bank"})):
        sort = rpc.read("account.account", [["id", "=", chart[like]]], "type")[0]["type"]
        for code, name in accounts.items():
            rpc.create("account.account", code=code, name=name, type=sort, company=company)
    _payment_method(rpc, company)
    _exchange(rpc)


def _exchange(rpc: Rpc) -> None:
    """Where the pennies go that are left when the lines of a foreign invoice are rounded one by one."""
    account = rpc.one("account.account", ["code", "=", EXCHANGE])
    names = ("currency_exchange_credit_account", "currency_exchange_debit_account")
    rpc.write("account.configuration", 1, **dict.fromkeys(names, account))


def _payment_method(rpc: Rpc, company: int) -> None:
    """With which a person records at the screen that an invoice was paid."""
    bank = rpc.one("account.account", ["code", "=", BANK])
    journal = rpc.one("account.journal", ["type", "=", "cash"])
    rpc.create(
        "account.invoice.payment.method",
        name="Bank transfer", company=company, journal=journal, debit_account=bank, credit_account=bank,
    )  # fmt: skip


def _taxes(rpc: Rpc, company: int, chart: dict[str, int]) -> None:
    for name, (description, rate) in TAXES.items():
        rpc.create(
            "account.tax",
            name=name, description=description, type="percentage", rate=Decimal(rate), company=company,
            invoice_account=chart["tax"], credit_note_account=chart["tax"],
        )  # fmt: skip


def _departments(rpc: Rpc, company: int) -> None:
    root = rpc.create("analytic_account.account", name="Department", type="root", company=company)
    for code, name in DEPARTMENTS.items():
        values = {"code": code, "name": name, "type": "normal", "company": company}
        rpc.create("analytic_account.account", **values, root=root, parent=root)


def _in_thirty_days() -> dict[str, Any]:
    return {"type": "remainder", "relativedeltas": [["create", [{"days": 30}]]]}
