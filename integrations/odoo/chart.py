"""What the books of the stand-in for Odoo begin with, and which models and fields it knows at all."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

_DOCUMENT: Final = (
    "name", "state", "partner_id", "currency_id", "amount_untaxed", "amount_tax", "amount_total", "lines", "xid",
)  # fmt: skip
MODELS: Final[Mapping[str, tuple[str, ...]]] = {
    "ir.model.data": ("module", "name", "model", "res_id"),
    "res.company": ("name", "currency_id", "vat", "company_registry", "fiscalyear_lock_date"),
    "res.currency": ("name", "full_name", "active", "rate", "rate_ids", "is_current_company_currency"),
    "res.partner": (
        "name", "ref", "active", "vat", "email", "phone", "street", "street2", "city", "zip", "state_id", "country_id",
        "country_code", "property_purchase_currency_id", "property_supplier_payment_term_id", "supplier_rank",
        "customer_rank", "property_account_receivable_id",
        "is_company", "parent_id", "write_date",
    ),
    "account.account": ("code", "name", "account_type", "active", "tax_ids"),
    "account.tax": ("name", "amount", "amount_type", "active", "price_include", "tax_group_id", "type_tax_use"),
    "account.tax.group": ("name",),
    "account.payment.term": ("name", "days"),
    "account.payment.term.line": ("payment_id", "value", "value_amount", "delay_type", "nb_days"),
    "stock.warehouse": ("name", "code", "active", "partner_id", "company_id"),
    "account.analytic.plan": ("name",),
    "account.analytic.account": ("name", "code", "active", "plan_id", "company_id"),
    "ir.model": ("model",),
    "ir.attachment": ("name", "res_model", "res_id", "datas", "mimetype", "file_size"),
    "product.product": ("name", "default_code", "type", "sale_ok", "purchase_ok", "active"),
    "account.journal": ("name", "code", "type", "default_account_id", "active", "company_id"),
    "account.move.line": (
        "move_id", "account_id", "partner_id", "currency_id", "name", "debit", "credit", "amount_currency",
        "amount_residual_currency", "reconciled", "account_type", "parent_state",
    ),
    "account.partial.reconcile": ("debit_move_id", "credit_move_id", "debit_amount_currency"),
    "account.move": (
        *_DOCUMENT, "company_id", "journal_id", "line_ids", "move_type", "date", "invoice_date",
        "invoice_payment_term_id", "invoice_date_due", "ref", "invoice_origin",
        "invoice_currency_rate", "invoice_line_ids", "tax_totals", "amount_total_signed",
    ),
    "purchase.order": (*_DOCUMENT, "company_id", "date_order", "partner_ref", "origin", "order_line"),
}  # fmt: skip
LINKS: Final[Mapping[str, str]] = {
    "partner_id": "res.partner",
    "currency_id": "res.currency",
    "account_id": "account.account",
    "journal_id": "account.journal",
    "move_id": "account.move",
    "default_account_id": "account.account",
    "property_account_receivable_id": "account.account",
    "tax_ids": "account.tax",
    "tax_group_id": "account.tax.group",
    "product_id": "product.product",
    "invoice_payment_term_id": "account.payment.term",
    "payment_id": "account.payment.term",
    "plan_id": "account.analytic.plan",
    "property_supplier_payment_term_id": "account.payment.term",
}
NUMBERS: Final = frozenset(
    {
        "quantity",
        "product_qty",
        "price_unit",
        "invoice_currency_rate",
        "supplier_rank",
        "customer_rank",
        "debit",
        "credit",
        "amount_currency",
    }
)
ORDERS: Final = frozenset({"account.move", "purchase.order"})
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "account.move": ("partner_id", "currency_id", "invoice_date"),
    "purchase.order": ("partner_id", "currency_id"),
    "res.partner": ("name",),
}
CURRENCIES: Final[Mapping[str, Decimal]] = {
    "GBP": Decimal(1),
    "USD": Decimal("1.2010"),
    "EUR": Decimal("1.1650"),
    "CAD": Decimal("1.6200"),
}
"""Units to the pound."""

_ACCOUNTS: Final = {
    "5000": "Materials purchased",
    "5010": "Training rooms",
    "7502": "Telephone",
    "7504": "Office stationery",
    "7506": "Software licences",
    "7601": "Audit and accountancy fees",
    "7602": "Consultancy fees",
}
_SALES: Final = {
    "1100": ("Debtors", "asset_receivable"),
    "1200": ("Bank", "asset_cash"),
    "4000": ("Courses", "income"),
    "4020": ("Course materials", "income"),
}
_TAXES: Final = {"T0": 0, "T1": 20, "T2": 0, "T5": 5, "T9": 0}
_NOTHING, _SOMETHING = 1, 2
_T1: Final = 2
_GBP: Final = 1
_WAREHOUSE: Final = 3
_DEPARTMENTS: Final = {"ADM": "Administration", "OPS": "Operations", "TRN": "Training"}
_NAMES: Final = {"GBP": "Pound sterling", "USD": "United States dollar", "EUR": "Euro", "CAD": "Canadian dollar"}

RECORDS: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    *(
        (
            "res.currency",
            {
                "name": code,
                "full_name": name,
                "active": code != "CAD",
                "rate": CURRENCIES[code],
                "rate_ids": [place] if place > _GBP else [],
                "is_current_company_currency": place == _GBP,
            },
        )
        for place, (code, name) in enumerate(_NAMES.items(), start=_GBP)
    ),
    ("res.company", {"name": "Harbour Street Studios Ltd", "currency_id": 1}),
    ("account.payment.term", {"name": "30 Days", "days": 30}),
    (
        "account.payment.term.line",
        {"payment_id": 1, "value": "percent", "value_amount": 100, "delay_type": "days_after", "nb_days": 30},
    ),
    ("account.tax.group", {"name": "Nothing"}),
    ("account.tax.group", {"name": "VAT"}),
    *(
        (
            "account.tax",
            {
                "name": name,
                "amount": rate,
                "amount_type": "percent",
                "type_tax_use": "purchase",
                "tax_group_id": _SOMETHING if rate else _NOTHING,
            },
        )
        for name, rate in _TAXES.items()
    ),
    # With a default tax, which is added to lines that say nothing of taxes.
    *(
        ("account.account", {"code": code, "name": name, "account_type": "expense", "tax_ids": [_T1]})
        for code, name in _ACCOUNTS.items()
    ),
    *(
        ("res.partner", {"name": name, "ref": code, "supplier_rank": 1, "is_company": True})
        for code, name in (("CROWN01", "Crown Conference Centre"), ("METRO01", "Metro Telecom"))
    ),
    # The partner of the warehouse is no supplier.
    (
        "res.partner",
        {
            "name": "Harbour Street",
            "street": "4 Harbour Street",
            "city": "Whitby",
            "zip": "YO21 1DN",
            "country_code": "GB",
        },
    ),
    ("stock.warehouse", {"name": "Harbour Street", "code": "WH", "partner_id": _WAREHOUSE, "company_id": 1}),
    ("ir.model", {"model": "stock.warehouse"}),
    ("account.analytic.plan", {"name": "Department"}),
    *(("account.analytic.account", {"name": name, "code": code, "plan_id": 1}) for code, name in _DEPARTMENTS.items()),
)
RECEIVABLE: Final = "1100"
SALES_RECORDS: Final[tuple[tuple[str, Mapping[str, Any]], ...]] = (
    *(
        ("account.account", {"code": code, "name": name, "account_type": sort, "tax_ids": []})
        for code, (name, sort) in _SALES.items()
    ),
    *(
        (
            "account.tax",
            {
                "name": name,
                "amount": rate,
                "amount_type": "percent",
                "type_tax_use": "sale",
                "tax_group_id": _SOMETHING if rate else _NOTHING,
            },
        )
        for name, rate in _TAXES.items()
    ),
    ("account.journal", {"name": "Bank", "code": "BNK1", "type": "bank", "company_id": 1}),
    ("account.journal", {"name": "Miscellaneous", "code": "MISC", "type": "general", "company_id": 1}),
)
"""What sales need; books of an earlier version get it, too."""
BANK: Final = "1200"
