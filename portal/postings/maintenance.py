"""Step past the database's own guards, for pruning, restoring, and tests that set up a state by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.transaction import atomic


@contextmanager
def maintenance() -> Iterator[None]:
    """A block in which PostgreSQL's triggers let everything through; what it did is checked no more at the commit."""
    with atomic():
        _run("SET LOCAL postroom.maintenance = 'on'")
        yield
        _run("SET CONSTRAINTS ALL IMMEDIATE")
        _run("SET CONSTRAINTS ALL DEFERRED")
        _run("SET LOCAL postroom.maintenance = 'off'")


def _run(statement: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(statement)
