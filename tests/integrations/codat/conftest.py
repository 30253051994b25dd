"""A served stand-in for Codat, a company that is linked there, and a look into its books past the connector.

A class or a module that wants another accounting system than Codat's own sandbox overrides the fixture `platform`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from integrations.base import Link
from integrations.codat.sandbox import build
from integrations.sandbox import Recorder, Server, Store, mount
from tests.integrations.codat.rig import KEY, SECRET, Codat, Linked, SeenBooks
from tests.integrations.codat.schema import Checked, checked


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_CODAT_KEY", KEY)
    monkeypatch.setenv("POSTROOM_CODAT_WEBHOOK_SECRET", SECRET)
    store = Store("codat", tmp_path)
    yield store
    store.close()


@pytest.fixture
def app(state: Store) -> Checked:
    """The stand-in behind the judge of requests and answers."""
    return checked(build(state))


@pytest.fixture
def codat(app: Checked, state: Store) -> Iterator[Codat]:
    """The stand-in, served. Writes and reads are over at the next request; what broke a schema fails the test."""
    recorder = Recorder(app)
    with Server(mount({"codat": recorder})) as server:
        rig = Codat(f"{server.url}/codat", state, recorder, app)
        rig.set(push_seconds=0, sync_seconds=0)
        yield rig
    assert app.violations == []


@pytest.fixture
def platform() -> str:
    """Which accounting system is linked: Codat's own sandbox, whose ids are the codes that people give."""
    return "mqjo"


@pytest.fixture
def linked(codat: Codat, platform: str) -> Linked:
    """A company that is linked, and whose books Codat has read."""
    return codat.linked(platform)


@pytest.fixture
def link(codat: Codat, linked: Linked) -> Link:
    """What a connector gets to work with for it."""
    return codat.link(linked)


@pytest.fixture
def books(codat: Codat, linked: Linked) -> SeenBooks:
    """The books of the linked company, as the accounting system itself has them."""
    return SeenBooks(codat, linked)
