"""The database back end `portal.postgresql`: Django's own, with a pool of ours (`pool.LastUsedFirst`).

The options are Django's; `pool` holds the arguments of `psycopg_pool.ConnectionPool`.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base

from portal.postgresql.pool import LastUsedFirst


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, but for the class of the pool and for how a connection is looked at before it is used again."""

    @property
    def pool(self) -> LastUsedFirst | None:
        """The pool of this database in this process, None without one. It is opened with its first connection."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        pools: dict[str, LastUsedFirst] = self._connection_pools
        if self.alias not in pools:
            given: dict[str, Any] = {**self.get_connection_params(), "autocommit": True}
            pools.setdefault(
                self.alias,
                LastUsedFirst(kwargs=given, open=False, configure=self._configure_connection, **options),
            )
        return pools[self.alias]
