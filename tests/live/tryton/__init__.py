"""Tryton itself, run on this machine, and the connector against it."""
