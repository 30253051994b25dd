"""accessplanit's HTTP interface, version 2: one path a module, read by queries, written record by record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack
from urllib.parse import quote

from integrations.accessplanit import answers
from integrations.accessplanit.answers import Asked, NoModule
from integrations.accessplanit.names import FEED_OF
from integrations.accessplanit.query import Query, equals
from integrations.accessplanit.terms import Terms
from integrations.errors import Missing, Unauthorised
from integrations.http import Http, Options, Outbound
from integrations.linking import Access
from integrations.reply import Reply


class Client:
    """One platform. Modules are named by our own words (`names.MODULES`). Each request stands for itself.

    All methods raise `Unauthorised`, `Misconfigured` and `Retryable`; those that write `OutcomeUnknown`, `Rejected`
    and `LeaseLost`, too.
    """

    def __init__(self, terms: Terms, outbound: Outbound, access: Access) -> None:
        self.terms = terms
        self._outbound, self._access = outbound, access

    def rows(self, module: str, query: Query) -> list[Any]:
        """The records of one read, in the order asked for; each is whatever JSON it came as."""
        asked = self._asked(module)
        reply = self._sent("GET", f"{self._path(asked.module)}?{query.text()}")
        return answers.rows(reply, asked)

    def one(self, module: str, id_: str) -> Mapping[str, Any]:
        """One record by its id: letter for letter, or else in whatever case. Raises `Missing`."""
        found = [row for row in self.rows(module, Query(where=(equals("ID", id_),), top=2)) if isinstance(row, Mapping)]
        same = [row for row in found if answers.id_of(row).lower() == id_.lower()]
        exact = [row for row in same if answers.id_of(row) == id_]
        if not same:
            raise Missing(
                f"accessplanit has no record {id_[:64]} in {self._asked(module).module}.", field="external_id"
            )
        return (exact or same)[0]

    def create(self, module: str, fields: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """Make a record; its id, and what else the answer tells of it. Raises as `System.post`."""
        asked = self._asked(module)
        reply = self._sent("POST", self._path(asked.module), json=fields)
        record = answers.written(reply, asked)
        if not (id_ := answers.id_of(record)):
            raise reply.unclear("no id of what was made")
        return id_, record

    def update(self, module: str, id_: str, fields: Mapping[str, Any]) -> None:
        """Change some properties of a record. Raises as `create`, and `Missing`."""
        asked = self._asked(module)
        path = f"{self._path(asked.module)}/{quote(id_, safe='')}"
        answers.written(self._sent("PUT", path, json=fields), asked)

    def described(self, module: str) -> Any:
        """What the platform itself tells of the fields of a module: JSON. Raises `Missing` where it tells nothing."""
        asked = self._asked(module)
        reply = self._sent("GET", f"{self.terms.help_path}/{quote(asked.module, safe='')}")
        if reply.status >= 300:
            raise Missing(f"accessplanit describes no fields of {asked.module} (status {reply.status}).")
        return reply.json()

    def _asked(self, module: str) -> Asked:
        name, feed = self.terms.modules[module], FEED_OF[module]
        if not name:
            raise NoModule(f"The module for {module} has no name. Enter it under Names of modules.", field=feed)
        return Asked(module=name, feed=feed)

    def _path(self, module: str) -> str:
        return f"{self.terms.api_path}/{quote(module, safe='')}"

    def _sent(self, method: str, path: str, **options: Unpack[Options]) -> Reply:
        """A refused token proves that nothing was done: the request goes out once more, with another one."""
        token = self._access.token()
        try:
            return self._opened(token).request(method, path, **options)
        except Unauthorised:
            fresh = self._access.renewed(token)
        return self._opened(fresh).request(method, path, **options)

    def _opened(self, token: str) -> Http:
        headers = {"Authorization": f"Bearer {token}"}
        return Http(self.terms.base_url, self._outbound, headers=headers, secrets=(token,))
