"""A pool that gives out the connection that was used last, and looks at its socket instead of asking the server.

Each connection is a process of the server with its own prepared statements, plans and memory of the catalogue. A pool
that lets all take turns keeps each of them lukewarm; of this one the first few do nearly everything.
"""

from __future__ import annotations

import select
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool


class LastUsedFirst(ConnectionPool[Connection[Any]]):
    """psycopg's pool, from the other end. What was not used for the longest time is still closed first."""

    def _get_ready_connection(self, timeout: float | None) -> Connection[Any] | None:
        # Called with the pool's lock. It adds at the right, and takes and closes at the left.
        while self._pool:
            self._pool.rotate(1)
            if not has_ended(self._pool[0]):
                break
            self._nconns -= 1
            self._close_connection(self._pool.popleft())
        return super()._get_ready_connection(timeout)


def has_ended(connection: Connection[Any]) -> bool:
    """Whether the server has ended this connection, as its socket shows without a question.

    A server that is gone has closed its sockets, and a backend that was told to end has said so. Nobody sends anything
    else to a connection that nobody uses.
    """
    looked = select.poll()
    looked.register(connection.fileno(), select.POLLIN)
    return bool(looked.poll(0))
