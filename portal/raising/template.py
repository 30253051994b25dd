"""The file that a person begins with: one order, one invoice with two lines, one credit note."""

from __future__ import annotations

from typing import Final

from portal.spreadsheet import csv_line

COLUMNS: Final = (
    "key", "kind", "supplier_code", "supplier_name", "currency", "date", "due_date", "delivery_date", "delivery_site",
    "order_number", "supplier_reference", "title", "description", "item_code", "quantity", "unit_price", "net", "tax",
    "gross", "account_code", "tax_code",
)  # fmt: skip
ROWS: Final = (
    {
        "key": "order-2026-001", "kind": "purchase_order", "supplier_code": "CROWN01",
        "supplier_name": "Crown Conference Centre", "currency": "GBP", "date": "2026-11-20",
        "delivery_date": "2026-12-04", "title": "Venue hire, December", "description": "Training room, full day",
        "quantity": "2", "unit_price": "250.00", "net": "500.00", "tax": "100.00", "gross": "600.00",
    },
    {
        "key": "invoice-2026-001", "kind": "invoice", "supplier_code": "CROWN01", "currency": "GBP",
        "date": "2026-11-20", "due_date": "2026-12-20", "supplier_reference": "SI-48213",
        "title": "Venue hire, November", "description": "Training room, full day", "net": "250.00", "tax": "50.00",
        "account_code": "5010", "tax_code": "T1",
    },
    {
        "key": "invoice-2026-001", "description": "Course manuals", "net": "40.00", "tax": "0.00",
        "account_code": "7504", "tax_code": "T0",
    },
    {
        "key": "credit-2026-001", "kind": "credit_note", "supplier_code": "CROWN01", "currency": "GBP",
        "date": "2026-11-20", "supplier_reference": "CN-0042", "title": "Room not used",
        "description": "Training room, half day", "net": "125.00", "tax": "25.00", "account_code": "5010",
        "tax_code": "T1",
    },
)  # fmt: skip

TEMPLATE: Final = csv_line(COLUMNS) + "".join(csv_line([row.get(name, "") for name in COLUMNS]) for row in ROWS)
