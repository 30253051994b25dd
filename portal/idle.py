"""What a thread does before it waits for somebody outside: it gives its database connection back.

A connection is a process of the database server. Without this there would have to be one for each vendor that is slow
and each sender that waits; with it there are as many as there is work in the database.
"""

from __future__ import annotations

from django.db import connection


def give_back_connection() -> None:
    """Before a wait. Inside of a transaction, as in a test's, the connection stays."""
    if not connection.in_atomic_block:
        connection.close()
