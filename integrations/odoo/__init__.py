"""Odoo 19 over its JSON-2 interface: vendor bills, their credit notes, and purchase orders."""
