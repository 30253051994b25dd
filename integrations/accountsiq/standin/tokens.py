"""Access tokens, refresh tokens and authorisation codes of both doors, and how long each is good for."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.accountsiq.standin.memory import Database
from integrations.accountsiq.standin.options import Options
from integrations.exact import from_json, to_json
from integrations.sandbox import Store

CLIENT_ID: Final = "postroom-sandbox"
REST: Final = "rest"
SOAP: Final = "soap"
_CODE_SECONDS: Final = 600
_REFRESH_SECONDS: Final = 90 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Pair:
    """What a grant gives: the life of `access` in seconds; `refresh` is empty where the grant has none."""

    access: str
    refresh: str
    seconds: int


class Tokens:
    """What was given, and what of it is still good."""

    def __init__(self, state: Store, options: Options) -> None:
        self._state = state
        self._options = options

    def is_good(self, door: str, access: str) -> bool:
        """Whether an access token opens a door. One that does proves that its answer arrived: see `refreshed`."""
        if self._options.on("application_revoked"):
            return False
        with self._state.transaction() as database:
            row = _row(database, access, "access", door)
            if row is None or row["expires_at"] <= time.time():
                return False
            if not row["spent"]:
                database.execute("UPDATE token SET spent = 1 WHERE value = ?", (access,))
                if not self._options.on("strict_rotation"):
                    _retire(database, row["family"], access)
            return True

    def give(self, door: str, *, with_refresh: bool) -> Pair:
        """A first pair."""
        with self._state.transaction() as database:
            return self._pair(database, door, secrets.token_hex(8), with_refresh=with_refresh)

    def refreshed(self, door: str, refresh: str) -> Pair | None:
        """A new pair for a refresh token, or None where that is not good any more.

        It is good until a token that was given for it has been used, so that a lost answer costs nothing; with
        `strict_rotation` it is good once, and a second use ends the whole grant.
        """
        with self._state.transaction() as database:
            row = _row(database, refresh, "refresh", door)
            if row is None or row["expires_at"] <= time.time():
                return None
            if row["spent"] and self._options.on("strict_rotation"):
                database.execute("DELETE FROM token WHERE family = ?", (row["family"],))
                return None
            pair = self._pair(database, door, row["family"], with_refresh=True)
            database.execute("UPDATE token SET spent = 1, successor = ? WHERE value = ?", (pair.access, refresh))
            return pair

    def code(self, detail: Mapping[str, Any]) -> str:
        """An authorisation code of one use, good for ten minutes; `detail` comes back with it."""
        value = secrets.token_urlsafe(24)
        with self._state.transaction() as database:
            row = (value, "code", value[:16], REST, time.time() + _CODE_SECONDS, to_json(dict(detail)))
            insert = "INSERT INTO token (value, sort, family, door, expires_at, detail) VALUES (?, ?, ?, ?, ?, ?)"
            database.execute(insert, row)
        return value

    def exchanged(self, code: str) -> Mapping[str, Any] | None:
        """What a code was given for, once. A second use of it ends what the first one gave."""
        with self._state.transaction() as database:
            row = _row(database, code, "code", REST)
            if row is None or row["expires_at"] <= time.time():
                return None
            if row["spent"]:
                database.execute("DELETE FROM token WHERE family = ?", (row["family"],))
                return None
            database.execute("UPDATE token SET spent = 1 WHERE value = ?", (code,))
            found: Mapping[str, Any] = from_json(row["detail"])
            return found

    def of_code(self, code: str) -> Pair:
        """The pair that a code stands for."""
        with self._state.transaction() as database:
            return self._pair(database, REST, code[:16], with_refresh=True)

    def revoke(self, value: str) -> None:
        """End the grant that a token belongs to; an unknown one is as good as ended."""
        with self._state.transaction() as database:
            row = database.execute("SELECT family FROM token WHERE value = ?", (value,)).fetchone()
            if row:
                database.execute("DELETE FROM token WHERE family = ?", (row["family"],))

    def expire_all(self, door: str | None = None) -> int:
        """Let all access tokens run out, of one door or of both; how many."""
        query = "UPDATE token SET expires_at = 0 WHERE sort = 'access' AND expires_at > 0 AND (?1 IS NULL OR door = ?1)"
        with self._state.transaction() as database:
            return database.execute(query, (door,)).rowcount

    def forget_refreshes(self) -> int:
        """Let no refresh token be good any more; how many there were."""
        with self._state.transaction() as database:
            return database.execute("DELETE FROM token WHERE sort = 'refresh'").rowcount

    def _pair(self, database: Database, door: str, family: str, *, with_refresh: bool) -> Pair:
        seconds = self._options.number(f"{door}_access_seconds")
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32) if with_refresh else ""
        insert = "INSERT INTO token (value, sort, family, door, expires_at) VALUES (?, ?, ?, ?, ?)"
        database.execute(insert, (access, "access", family, door, time.time() + seconds))
        if refresh:
            database.execute(insert, (refresh, "refresh", family, door, time.time() + _REFRESH_SECONDS))
        return Pair(access, refresh, seconds)


def _row(database: Database, value: str, sort: str, door: str) -> Any:
    query = "SELECT * FROM token WHERE value = ? AND sort = ? AND door = ?"
    return database.execute(query, (value, sort, door)).fetchone()


def _retire(database: Database, family: str, access: str) -> None:
    """A token that came by a refresh is in use, so what it came by is not needed any more."""
    database.execute("DELETE FROM token WHERE family = ? AND sort = 'refresh' AND successor = ?", (family, access))
