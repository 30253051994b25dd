"""The stand-ins that a dry run asks, each with a connection to it, and a look at everything that it keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from wsgiref.types import WSGIApplication

from integrations.demo import sandbox as demo
from integrations.odoo import sandbox as odoo
from integrations.sandbox import Recorder, Server, Store, mount
from integrations.tryton import sandbox as tryton
from portal.connections.models import Connection
from tests.factories import DemoConnectionFactory

TOKEN = "a-token-that-no-page-may-show"


@dataclass(frozen=True)
class Kind:
    """How one stand-in is built and linked; `reading` are the ends of paths of POSTs that change nothing."""

    build: Callable[[Store], WSGIApplication]
    variable: str
    settings: Mapping[str, str]
    secret: str
    reading: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "demo": Kind(demo.build, "POSTROOM_DEMO_TOKEN", {"company_id": "harbour-street"}, "token"),
    "tryton": Kind(tryton.build, "POSTROOM_TRYTON_KEY", {"database": "harbour", "company_id": "1"}, "api_key"),
    "odoo": Kind(odoo.build, "POSTROOM_ODOO_KEY", {"company_id": "1"}, "api_key", ("/search_read",)),
}


@dataclass(frozen=True)
class StandIn:
    """One that is served, and a company linked to it."""

    kind: Kind
    store: Store
    recorder: Recorder
    connection: Connection

    def state(self) -> list[str]:
        """Everything that it keeps, as SQL."""
        with self.store.transaction() as database:
            return list(database.iterdump())

    def writes(self) -> list[str]:
        """Every request so far that could have changed something."""
        return [
            f"{one.method} {one.path}"
            for one in self.recorder.seen
            if one.method != "GET" and not one.path.endswith(self.kind.reading or ("\0",))
        ]


@contextmanager
def served(slug: str, directory: Path) -> Iterator[StandIn]:
    """Serve one in this block. The environment must hold `TOKEN` in the stand-in's variable."""
    kind, store = KINDS[slug], Store(slug, directory)
    recorder = Recorder(kind.build(store))
    with Server(mount({slug: recorder})) as server:
        connection = DemoConnectionFactory.create(
            integration=slug,
            settings={"base_url": f"{server.url}/{slug}", **kind.settings},
            secrets={kind.secret: TOKEN},
        )
        yield StandIn(kind, store, recorder, connection)
    store.close()
