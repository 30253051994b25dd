"""The stand-in, and a receiver for its webhooks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.sandbox import Server, Store
from tests.integrations.accessplanit.scene import Receiver, StandIn, served


@pytest.fixture
def standin() -> Iterator[StandIn]:
    store = Store("accessplanit")
    with served(store) as found:
        yield found
    store.close()


@pytest.fixture
def receiver(standin: StandIn) -> Iterator[Receiver]:
    """It gets the stand-in's webhooks."""
    found = Receiver()
    with Server(found.recorder) as server:
        standin.put(hook_url=f"{server.url}/webhooks/accessplanit/abc/", hook_token="t0ken")
        yield found
