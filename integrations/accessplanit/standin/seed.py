"""A training company: its customers, and some weeks of first-aid courses that were sold to them."""

from __future__ import annotations

from typing import Any, Final

from integrations.accessplanit.standin.hooks import Hooks
from integrations.accessplanit.standin.life import Life
from integrations.accessplanit.standin.memory import Memory

CUSTOMERS: Final = (
    ("BRIGHT7kQ2", "Brightwater Care Ltd", "4 Quay Road", "Bristol", "BS1 4RT", "ap@brightwater.example"),
    ("HARBR3mX9", "Harbour View School", "Cliff Lane", "Poole", "BH15 2LN", "finance@harbourview.example"),
    ("KESTR5pL1", "Kestrel Logistics plc", "Unit 9, Airfield Park", "Coventry", "CV8 3AZ", "invoices@kestrel.example"),
    ("OAKFD8sT4", "Oakfield Dental Group", "17 Mill Street", "Leeds", "LS1 5DR", "accounts@oakfield.example"),
)
COURSES: Final = {
    "First Aid at Work": ("FAW", "297.00"),
    "Emergency First Aid at Work": ("EFAW", "114.00"),
    "Paediatric First Aid": ("PFA", "138.00"),
    "Fire Marshal": ("FIRE", "96.00"),
    "Mental Health First Aid": ("MHFA", "360.00"),
}
_DISCOUNT: Final = {
    "label": "Early booking discount",
    "amount": "-12.00",
    "source_type": "Discount",
    "source_id": "31",
}


def place(course: str, person: str, source_id: str) -> dict[str, Any]:
    """One place on a course, as a line to raise."""
    code, price = COURSES[course]
    return {
        "label": f"{course} - {person}",
        "amount": price,
        "reference": code,
        "source_type": "UserCourseDate",
        "source_id": source_id,
    }


def customers(memory: Memory, platform: str) -> None:
    """The customers alone."""
    for id_, name, address, town, postcode, email in CUSTOMERS:
        members = {"ID": id_, "Name": name, "InvoiceAddress": address, "InvoiceTown": town, "InvoiceCounty": ""}
        more = {"InvoicePostcode": postcode, "InvoiceCountry": "United Kingdom", "InvoiceEmail": email}
        memory.add(platform, "Company", {**members, **more})


def sales(memory: Memory, platform: str) -> None:
    """Six invoices: one open with a discount, one paid, one in part, one waiting, one with a credit, one cancelled."""
    life = Life(memory, platform, Hooks(memory, platform))
    bright, harbour, kestrel, oak = (row[0] for row in CUSTOMERS)
    two = [place("First Aid at Work", "J. Osei", "88120"), place("First Aid at Work", "M. Lindqvist", "88121")]
    life.raise_invoice({"customer": bright, "lines": [*two, _DISCOUNT], "order_number": "PO-7781"})
    paid = life.raise_invoice({"customer": harbour, "lines": [place("Paediatric First Aid", "R. Shah", "88133")]})
    life.pay(paid["ID"], "138.00", "Stripe", Reference="ch_3QK2fe")
    teams = [place("Emergency First Aid at Work", name, f"8814{n}") for n, name in enumerate(("A. Bell", "T. Mroz"))]
    manual = {"label": "First aid manual", "amount": "25.00", "rate": 0, "source_type": "Product", "source_id": "12"}
    part = life.raise_invoice({"customer": kestrel, "lines": [*teams, manual], "order_number": "4500012345"})
    life.pay(part["ID"], "100.00", "BACS", Reference="BACS KESTREL")
    marshal = [place("Fire Marshal", "S. Novak", "88150")]
    life.raise_invoice({"customer": oak, "lines": marshal, "status": "Temporary"})
    credited = life.raise_invoice({"customer": oak, "lines": [place("Mental Health First Aid", "L. Fry", "88161")]})
    life.credit(credited["ID"], "120.00")
    life.cancel(life.raise_invoice({"customer": harbour, "lines": marshal})["ID"])
