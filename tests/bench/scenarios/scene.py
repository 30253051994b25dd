"""What the scenarios share: a production shape with companies of their own, and what a scenario finds."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

from tests.bench.client import Load
from tests.bench.processes import BenchFailed
from tests.bench.shapes import DATABASE, Running, production
from tests.chaos.staff import Staff
from tests.servers import Postgres

LOOK_EVERY_SECONDS = 0.25
POSTED: LiteralString = """
SELECT count(*) FILTER (WHERE state = 'posted'), count(*) FROM postings_posting WHERE connection_id = %s
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A running production shape; `companies` are by name what `bench_scene` told of them."""

    running: Running
    companies: Mapping[str, Mapping[str, str]]
    password: str

    @property
    def postgres(self) -> Postgres:
        """The database server."""
        if self.running.postgres is None:
            raise BenchFailed("This shape has no PostgreSQL.")
        return self.running.postgres

    def load(self, name: str, count: int, in_flight: int) -> Load:
        """So many new invoices for one company."""
        of = self.companies[name]
        headers = {of["token_header"]: of["token"]}
        return Load(self.running.url + of["path"], headers, of["company_id"], of["company_name"], count, in_flight)

    def rows(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with self.postgres.connect(DATABASE) as connection:
            return connection.execute(query, values).fetchall()

    def person(self, name: str = "bench") -> Staff:
        """Somebody at the portal's pages: of the staff, or the member of a company."""
        return Staff([self.running.url], name, self.password)

    def wait_until_posted(self, name: str, seconds: float) -> int:
        """How many postings a company has, once all of them are posted, each once. Raises `BenchFailed`."""
        connection = self.companies[name]["connection"]

        def is_posted() -> bool:
            ((posted, all_of_them),) = self.rows(POSTED, connection)
            return bool(posted == all_of_them)

        wait_until(is_posted, seconds, f"{name}: everything should be posted")
        ((posted, _),) = self.rows(POSTED, connection)
        books = self.running.accounting.control()
        if books["by_company"].get(name, 0) != posted:
            raise BenchFailed(f"{name}: {posted} are posted, its books hold {books['by_company'].get(name, 0)}.")
        return int(posted)


@contextmanager
def scene(
    directory: Path, companies: Mapping[str, Mapping[str, object]], *, workers: int = 1, **environment: str
) -> Iterator[Scene]:
    """Start a production shape with these companies."""
    password = secrets.token_urlsafe(16)
    with production(directory, workers=workers, **environment) as running:
        asked = {"accounting": running.accounting.url, "password": password, "companies": companies}
        yield Scene(running, running.command("bench_scene", given=asked), password)


def wait_until(happened: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for a condition; the seconds that it took. Raises `BenchFailed` when time runs out."""
    began = time.monotonic()
    while not happened():
        if time.monotonic() - began > seconds:
            raise BenchFailed(f"{what}, and was not after {seconds:.0f} s.")
        time.sleep(LOOK_EVERY_SECONDS)
    return time.monotonic() - began


def check(holds: bool, otherwise: str) -> None:
    """A figure that rests on something untrue is no figure. Raises `BenchFailed`."""
    if not holds:
        raise BenchFailed(otherwise)
