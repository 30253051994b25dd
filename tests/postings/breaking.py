"""Break a transaction on purpose: in its middle, or at its very end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString
from unittest.mock import Mock, patch

from django.db import OperationalError, connection

from portal import prepared
from portal.postings import accept as taking

FAILURE = OperationalError("The server went away.")


@contextmanager
def in_the_middle_of_accepting() -> Iterator[None]:
    """The database fails when number, transaction and posting are written, whichever way writes them."""

    def run_and_fail(statement: LiteralString, values: dict[str, Any], run: Any = prepared.run) -> Any:
        row = run(statement, values)
        if "INSERT INTO postings_transaction" in statement and row is not None:
            raise FAILURE
        return row

    with patch.object(taking, "record", side_effect=FAILURE), patch.object(prepared, "run", run_and_fail):
        yield


@contextmanager
def at_the_commit() -> Iterator[None]:
    """The database fails when a new transaction is committed."""
    if connection.vendor != "postgresql":
        with patch.object(connection, "_commit", Mock(side_effect=FAILURE)):
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute(FAILS_AT_THE_COMMIT)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION fail_at_the_commit() CASCADE")


FAILS_AT_THE_COMMIT = """
CREATE FUNCTION fail_at_the_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'The server goes away.' USING ERRCODE = 'admin_shutdown'; END $$;
CREATE CONSTRAINT TRIGGER fail_at_the_commit AFTER INSERT ON postings_transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_at_the_commit();
"""
