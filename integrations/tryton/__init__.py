"""Tryton: an open-source business system with books of its own, spoken to over its REST interface."""
