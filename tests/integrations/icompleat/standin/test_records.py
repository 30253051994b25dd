"""What is remembered of deliveries and calls, for scripts that check: no secrets, and it can be pruned."""

from __future__ import annotations

from pathlib import Path

import requests

from integrations.exact import to_json
from integrations.icompleat.sandbox import build
from integrations.sandbox import Server, Store, mount
from tests.integrations.icompleat.bodies import COMPANY
from tests.integrations.icompleat.standin.scene import KEY, TENANT, TOKEN, Client, Control, Receiver, says

OWN = f"{TENANT}/{COMPANY}"


def test_every_delivery_with_its_journal_number(control: Control, receiver: Receiver, receiver_url: str) -> None:
    invoice, credit = control.of_kind("invoice"), control.of_kind("credit_note")
    receiver.answer = says('{"ErrorMessage": "no"}', 400)
    control.step(invoice, "approve")
    receiver.answer = receiver.numbered
    control.step(credit, "approve")
    told = control.get("deliveries")
    assert told["under_way"] == 0
    first, second = told["deliveries"]
    assert set(first) == {
        "position", "transaction_id", "company_id", "sent_at", "url", "header_names", "body", "status", "answer",
        "journal_number", "milliseconds",
    }  # fmt: skip
    assert (first["transaction_id"], first["status"], first["journal_number"]) == (invoice, 400, "")
    assert (second["transaction_id"], second["status"], second["journal_number"]) == (credit, 200, "P-000001")
    assert (second["company_id"], second["url"]) == (COMPANY, receiver_url)
    assert second["body"].encode() == receiver.recorder.seen[1].body
    assert control.get(f"deliveries?after={first['position']}")["deliveries"] == [second]
    assert control.get("deliveries?limit=1")["deliveries"] == [first]
    assert TOKEN not in to_json(told)


def test_deliveries_are_pruned(control: Control) -> None:
    control.post(f"companies/{COMPANY}/approve")
    assert control.delete("deliveries?keep=2") == {"pruned": 5}
    assert len(control.get("deliveries")["deliveries"]) == 2
    assert control.delete("deliveries") == {"pruned": 2}
    assert control.refused("DELETE", "deliveries?keep=some") == (400, "keep must be a whole number from 0.")


def test_every_call_with_its_operation_and_no_key(control: Control, client: Client) -> None:
    client.get(f"suppliers/{OWN}/1")
    client.call("DELETE", f"supplier/{OWN}/NOBODY")
    client.call("GET", f"suppliers/{OWN}/1", headers={"x-api-compleat-key": "wrong-key", "x-api-version": "1"})
    client.call("GET", "nothing")
    told = control.get("calls")
    shown = [(call["method"], call["path"], call["operation"], call["status"]) for call in told["calls"]]
    assert shown == [
        ("GET", f"/api/suppliers/{OWN}/1", "suppliers", 200),
        ("DELETE", f"/api/supplier/{OWN}/NOBODY", "delete_supplier", 400),
        ("GET", f"/api/suppliers/{OWN}/1", "none", 401),
        ("GET", "/api/nothing", "none", 404),
    ]
    assert [call["tenant_id"] for call in told["calls"]] == [TENANT, TENANT, "", TENANT]
    assert told["calls"][0]["at"] == "2023-11-14T22:13:20.000+00:00"
    assert told["by_operation"] == {"delete_supplier": 1, "none": 2, "suppliers": 1}
    assert KEY not in to_json(told)
    assert "wrong-key" not in to_json(told)
    assert control.get(f"calls?after={told['calls'][2]['position']}")["calls"] == told["calls"][3:]
    assert control.delete("calls") == {"pruned": 4}
    assert control.get("calls") == {
        "count": 0,
        "refused": 0,
        "most_in_a_minute": 0,
        "by_operation": {},
        "calls": [],
    }


def test_tenants_and_their_keys(control: Control) -> None:
    assert control.get("tenants") == {"tenants": [{"id": TENANT, "name": "Example", "security_key": KEY}]}
    renamed = control.put(f"tenants/{TENANT}", {"name": "Renamed"})
    assert renamed == {"id": TENANT, "name": "Renamed", "security_key": KEY}
    assert control.refused("POST", "tenants/nobody/key") == (404, "This tenant is not known here.")
    company = {"name": "X", "base_currency": "GBP", "tenant_id": "nobody"}
    assert control.refused("PUT", "companies/some", company) == (404, "This tenant is not known here.")


def test_lists_faults_and_continuation_survive_a_restart(tmp_path: Path) -> None:
    def served() -> tuple[Store, Server]:
        store = Store("icompleat", tmp_path)
        return store, Server(mount({"icompleat": build(store)}))

    store, server = served()
    with server:
        control, client = Control(f"{server.url}/icompleat"), Client(f"{server.url}/icompleat")
        control.put(f"tenants/{TENANT}", {"name": "Example", "security_key": KEY})
        control.put(f"companies/{COMPANY}", {"name": "X", "base_currency": "GBP", "tenant_id": TENANT})
        control.faults(put_creates=False)
        token = client.refresh("suppliers", "Suppliers", [{"Code": "A", "Name": "a"}])
    store.close()
    store, server = served()
    with server:
        control, client = Control(f"{server.url}/icompleat"), Client(f"{server.url}/icompleat")
        assert control.get("faults")["faults"]["put_creates"]["value"] is False
        client.refresh("suppliers", "Suppliers", [{"Code": "B", "Name": "b"}], token)
        assert [row["Code"] for row in client.get(f"suppliers/{OWN}/1")["Suppliers"]] == ["A", "B"]
    store.close()


def test_what_the_first_stand_in_remembered_is_let_go(tmp_path: Path) -> None:
    store = Store("icompleat", tmp_path)
    store.create("CREATE TABLE companies (id TEXT PRIMARY KEY, name TEXT, base_currency TEXT)")
    with store.transaction() as database:
        database.execute("INSERT INTO companies VALUES ('a', 'Old', 'GBP')")
    with Server(mount({"icompleat": build(store)})) as server:
        answer = requests.get(f"{server.url}/icompleat/control/companies", timeout=10)
    store.close()
    assert answer.json() == {"companies": []}
