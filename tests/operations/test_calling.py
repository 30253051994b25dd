"""`manage.py accountsiq call`: single calls against the stand-in, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from integrations.accountsiq.sandbox import ACCESS_VARIABLE, build
from integrations.sandbox import Recorder, Server, Store, mount
from portal.connections.models import Connection
from portal.events.models import AuditEvent
from tests.factories import DemoConnectionFactory

pytestmark = pytest.mark.django_db
CLIENT_SECRET = "the-client-secret"


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """The stand-in, with what it was asked."""
    monkeypatch.setenv(ACCESS_VARIABLE, CLIENT_SECRET)
    store = Store("accountsiq", tmp_path)
    yield Recorder(build(store))
    store.close()


@pytest.fixture
def connection(recorder: Recorder) -> Iterator[Connection]:
    with Server(mount({"accountsiq": recorder})) as server:
        settings = {
            "transport": "rest", "base_url": f"{server.url}/accountsiq/api", "company_ref": "1042",
            "client_id": "postroom-sandbox",
        }  # fmt: skip
        yield DemoConnectionFactory.create(
            integration="accountsiq", settings=settings, secrets={"client_secret": CLIENT_SECRET}
        )


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("accountsiq", *arguments, stdout=out)
    return out.getvalue()


def asked(recorder: Recorder) -> list[tuple[str, str]]:
    return [(one.method, one.path.rpartition("/api/")[2]) for one in recorder.seen]


def test_every_call_is_listed_by_name(connection: Connection) -> None:
    lines = run("calls").splitlines()
    assert len(lines) == 44
    assert any("/InvoiceCentre/GetInvoiceByNumber" in line for line in lines)


def test_a_call_that_reads_is_carried_out(connection: Connection, recorder: Recorder) -> None:
    name = next(line.split()[0] for line in run("calls").splitlines() if "GetNominalAccounts" in line)
    rows = json.loads(run("call", name, "ClientAccountId=1042"))
    assert {"7502", "7504"} <= {row["Code"] for row in rows}
    assert ("GET", "GeneralLedgerCentre/GetNominalAccounts") in asked(recorder)
    assert not AuditEvent.objects.filter(verb="connection.called").exists()


def test_a_call_that_writes_is_only_shown_until_somebody_insists(connection: Connection, recorder: Recorder) -> None:
    name = next(line.split()[0] for line in run("calls").splitlines() if "SaveDepartment" in line)
    body = '{"DepartmentName": "Archive", "DepartmentCode": "ARC"}'
    with pytest.raises(CommandError, match="nothing was sent") as caught:
        run("call", name, "--json", body)
    assert "ARC" in str(caught.value)
    assert ("POST", "Departments/SaveDepartment") not in asked(recorder)
    run("call", name, "--json", body, "--write")
    assert ("POST", "Departments/SaveDepartment") in asked(recorder)
    assert AuditEvent.objects.get(verb="connection.called").message == f"{name} was called by hand."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("call", "nobody"), "nobody"),
        (("call", "x", "no-equals-sign"), "no-equals-sign"),
        (("call", "x", "--json", "{"), "no JSON"),
        (("calls", "--connection", "not-an-id"), "no such connection"),
    ],
)
def test_what_cannot_be_called_is_named(connection: Connection, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(*arguments)


def test_one_of_several_has_to_be_named(connection: Connection) -> None:
    DemoConnectionFactory.create(integration="accountsiq", settings={})
    with pytest.raises(CommandError, match="--connection"):
        run("calls")
    assert run("calls", "--connection", str(connection.pk))
