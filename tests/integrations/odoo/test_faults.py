"""The stand-in for Odoo behind each fault: whatever the connector was told, one document is in the books in the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from integrations.base import Link
from integrations.disturbed import Disturbed
from integrations.documents import Posted
from integrations.errors import IntegrationError, Retryable
from integrations.faults import Fault, Sort
from integrations.http import Outbound
from integrations.odoo.connector import Odoo
from integrations.odoo.sandbox import INTERFACE, build
from integrations.sandbox import Server, Store, mount
from tests.samples import KEY, REFERENCE, sample

TOKEN = "odoo-key-of-the-tests"
BRIEF_SECONDS = 0.6
PATIENCE_SECONDS = 20.0
WRITES = sorted(fault for fault in Fault if fault.sort is Sort.WRITE)
LOOKUPS = sorted(fault for fault in Fault if fault.sort is Sort.LOOKUP)
# No write of Odoo answers with amounts, a moved date is read back, and a second is no time at all.
HARMLESS = {Fault.WRONG_AMOUNT, Fault.MOVED_DATE, Fault.LATENCY}
TERMS = "hang_seconds=2,late_seconds=0.2,drip_seconds=1,latency_seconds=1"


@dataclass
class Rig:
    """A disturbed stand-in, served."""

    url: str

    def begin(self, spec: str) -> None:
        """Put a plan in force."""
        assert requests.put(f"{self.url}/faults", json={"spec": spec, "seed": 1}, timeout=5).status_code == 200

    def told(self) -> dict[str, Any]:
        """What was disturbed, and what is still to come."""
        answer: dict[str, Any] = requests.get(f"{self.url}/faults", timeout=5).json()
        return answer

    def states(self) -> list[str]:
        """What is in the books."""
        documents = requests.get(f"{self.url}/truth", timeout=5).json()["documents"]
        return [one["state"] for one in documents]

    def post(self, seconds: float = 10.0) -> Posted:
        """One attempt."""
        outbound = Outbound(allow_private=True, deadline_seconds=seconds)
        settings = {"base_url": self.url, "company_id": "1"}
        return Odoo(Link(settings=settings, secrets={"api_key": TOKEN}, outbound=outbound)).post(
            sample(), key=KEY, reference=REFERENCE
        )

    def rest(self) -> None:
        """Wait until nothing comes late any more."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.told()["waiting"]:
            assert time.monotonic() < deadline, "it did not come to rest"
            time.sleep(0.05)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("POSTROOM_ODOO_KEY", TOKEN)
    store = Store("odoo", tmp_path)
    with Server(mount({"odoo": Disturbed(build(store), INTERFACE)})) as server:
        yield Rig(f"{server.url}/odoo")
    store.close()


@pytest.mark.parametrize("fault", WRITES)
def test_a_disturbed_write_is_told_and_ends_in_one_document(rig: Rig, fault: Fault) -> None:
    rig.begin(f"{fault},{TERMS}")
    if fault in HARMLESS:
        assert rig.post().external_id
    else:
        with pytest.raises(IntegrationError):
            rig.post(BRIEF_SECONDS)
    assert rig.told()["disturbed"], "nothing was disturbed"
    rig.begin("none")
    rig.rest()
    assert rig.post().number
    assert rig.states() == ["posted"]


@pytest.mark.parametrize("fault", LOOKUPS)
def test_a_disturbed_lookup_is_no_absence(rig: Rig, fault: Fault) -> None:
    rig.begin(f"{fault},{TERMS}")
    with pytest.raises(Retryable):
        rig.post(BRIEF_SECONDS)
    assert rig.states() == []
    rig.begin("none")
    assert rig.post().number
    assert rig.states() == ["posted"]


def test_chaos_ends_in_one_document(rig: Rig) -> None:
    rig.begin(f"chaos,{TERMS}")
    for _ in range(20):
        try:
            rig.post(BRIEF_SECONDS)
        except IntegrationError:
            rig.rest()
    rig.begin("none")
    rig.rest()
    assert rig.post().number == "BILL/2024/03/0001"
    assert rig.states() == ["posted"]


def test_a_disturbed_request_is_noted_with_our_key(rig: Rig) -> None:
    rig.begin("latency,latency_seconds=0.1")
    rig.post()
    assert KEY.value in repr(rig.told()["disturbed"])
