"""The stand-in, served, with a company of its own tenant, and a receiver for what it sends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.icompleat.sandbox import build
from integrations.sandbox import Recorder, Server, Store, mount
from tests.integrations.icompleat.bodies import COMPANY
from tests.integrations.icompleat.standin.scene import KEY, TENANT, TOKEN, Client, Clock, Control, Receiver


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def receiver_url(receiver: Receiver) -> Iterator[str]:
    with Server(receiver.recorder) as server:
        yield f"{server.url}/webhooks"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store("icompleat")
    yield store
    store.close()


@pytest.fixture
def sandbox_url(store: Store, clock: Clock) -> Iterator[str]:
    with Server(mount({"icompleat": Recorder(build(store, clock=clock), keep=0)})) as server:
        yield f"{server.url}/icompleat"


@pytest.fixture
def control(sandbox_url: str, receiver_url: str) -> Control:
    control = Control(sandbox_url)
    control.put(f"tenants/{TENANT}", {"name": "Example", "security_key": KEY})
    company = {"name": "Northgate Training Ltd", "base_currency": "GBP", "tenant_id": TENANT}
    control.put(f"companies/{COMPANY}", company)
    control.put(f"companies/{COMPANY}/endpoints/all", {"url": receiver_url, "token": TOKEN})
    control.faults(limit_per_minute=0)
    return control


@pytest.fixture
def client(sandbox_url: str, control: Control) -> Client:
    return Client(sandbox_url)
