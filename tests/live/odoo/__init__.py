"""The connector for Odoo against a real Odoo: `pytest -m odoo_live tests/live/odoo`; tests/live/README.md says more."""
