"""The database back end `portal.postgresql`: Django's own, with a pool of ours (`pool.LastUsedFirst`).

The options are Django's; `pool` holds the arguments of `psycopg_pool.ConnectionPool`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base

from portal.postgresql.pool import LastUsedFirst


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, but for the class of the pool and for how a connection is looked at before it is used again."""

    # Django's own; the stubs do not know them.
    _connection_pools: ClassVar[dict[str, LastUsedFirst]]
    _configure_connection: Callable[[Any], None]

    @property
    def pool(self) -> LastUsedFirst | None:
        """The pool of this database in this process, None without one. It is opened with its first connection."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            given: dict[str, Any] = {**self.get_connection_params(), "autocommit": True}
            made = LastUsedFirst(kwargs=given, open=False, configure=self._configure_connection, **options)
            self._connection_pools.setdefault(self.alias, made)
        return self._connection_pools[self.alias]
