"""Who is invoiced."""

from __future__ import annotations

from integrations.accessplanit.limits import LONGEST_CODE, LONGEST_NAME
from integrations.accessplanit.rows import Row
from integrations.accessplanit.terms import Reading
from integrations.documents import Customer
from integrations.errors import Malformed


def customer(invoice: Row, reading: Reading) -> Customer:
    """The customer of an invoice, with the code that the books know it by: in upper case, at most 50 characters.

    Raises `Malformed` where the record names nobody.
    """
    code = invoice.code(reading.customer_code, LONGEST_CODE).upper()
    name = invoice.text("TargetLabel", LONGEST_NAME) or code
    if not name:
        raise Malformed("The record names no customer.", field="TargetLabel")
    return Customer(
        code=code or None,
        name=name,
        email=invoice.text("InvoiceEmail", LONGEST_NAME),
        address=invoice.text("InvoiceAddress", LONGEST_NAME) or invoice.text("Address", LONGEST_NAME),
        town=invoice.text("InvoiceTown", LONGEST_NAME),
        county=invoice.text("InvoiceCounty", LONGEST_NAME),
        postcode=invoice.text("InvoicePostcode", LONGEST_NAME),
        country=invoice.text("InvoiceCountry", LONGEST_NAME),
    )
