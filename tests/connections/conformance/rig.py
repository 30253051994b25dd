"""Demo Books behind a plan of faults, served, with an account at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from integrations.demo.books import Books
from integrations.demo.connector import DemoBooks
from integrations.demo.sandbox import INTERFACE, build
from integrations.disturbed import Disturbed
from integrations.faults import parse
from integrations.sandbox import Recorder, Server, Store, mount
from portal.connections.conformance import Account
from portal.connections.conformance.trial import Codes

COMPANY = "harbour-street"
TOKEN = "demo-token-of-the-conformance-tests"
CODES = Codes(account_code="7504", tax_code="T0")


@dataclass
class Rig:
    """A served Demo Books, and what it holds. `slept` are the pauses of a run, which are cut to `longest_sleep`."""

    url: str
    books: Books
    recorder: Recorder
    longest_sleep: float = 0.0
    slept: list[float] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, str]:
        return {"base_url": self.url, "company_id": COMPANY}

    def account(self) -> Account:
        return Account(connector=DemoBooks, settings=self.settings, secrets={"token": TOKEN})

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(min(seconds, self.longest_sleep))

    def amounts(self) -> list[str]:
        return [f"{one['gross']:.2f}" for one in self.books.truth(COMPANY)]


Open = Callable[[str], Rig]


@contextmanager
def served(tmp_path: Path, spec: str) -> Iterator[Rig]:
    """Demo Books under a plan."""
    store = Store("demo", tmp_path)
    recorder = Recorder(Disturbed(build(store), INTERFACE, plan=parse(spec)))
    with Server(mount({"demo": recorder})) as server:
        yield Rig(f"{server.url}/demo", Books(store), recorder)
    store.close()


def with_key_life(monkeypatch: pytest.MonkeyPatch, seconds: int | None = 3600, **abilities: object) -> None:
    """Let the connector say how long Demo Books remembers a key, and what else it is said to do."""
    can = replace(DemoBooks.can, key_seconds=seconds, **abilities)  # type: ignore[arg-type]
    monkeypatch.setattr(DemoBooks, "can", can)
