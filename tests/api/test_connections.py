"""Connections by the API alone: begun, authorised against a real stand-in, confirmed, ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from integrations.documents import Company as CompanyThere
from integrations.errors import Rejected, Retryable, Unauthorised
from portal.connections import setup
from portal.connections.models import Connection, Side, Status
from portal.connections.services import open_endpoint
from portal.events.models import AuditEvent
from portal.postings.states import State
from portal.tenants.models import Company
from tests.admin.world import in_state
from tests.api.calling import Program, error, read
from tests.connections.conformance.rig import COMPANY, TOKEN, Rig, served
from tests.factories import DemoConnectionFactory, SourceConnectionFactory, a_document

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
WRONG = "The body has errors; nothing was done."


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Demo Books, served."""
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    with ExitStack() as stack:
        yield stack.enter_context(served(tmp_path, "none"))


def begin(program: Program, key: str = "demo", **settings: str) -> Any:
    body = {"platformKey": key, **({"settings": settings} if settings else {})}
    return program.call("POST", "connections", body)


def authorise(program: Program, connection_id: str, values: dict[str, Any]) -> Any:
    return program.call("PUT", f"connections/{connection_id}/authorization", values)


def whole(rig: Rig) -> dict[str, str]:
    return {**rig.settings, "token": TOKEN}


def test_a_connection_with_credentials_from_its_beginning_to_its_end(program: Program, rig: Rig) -> None:
    Company.objects.update(live_at=None)
    begun = begin(program)
    told = read(begun)
    assert (begun.status_code, told["status"], told["linked"], told["confirmed"]) == (201, "PendingAuth", None, None)
    assert begun.headers["Location"].endswith(f"/connections/{told['id']}")
    assert told["linkUrl"].endswith(f"/companies/{program.company.pk}/accounting/authorise/")
    linked = authorise(program, told["id"], whole(rig))
    assert (linked.status_code, read(linked)["status"]) == (200, "Linked")
    assert read(linked)["connectionInfo"] == {"companyId": COMPANY, "companyName": "Harbour Street Studios Ltd"}
    assert TOKEN not in linked.content.decode()
    row = Connection.objects.get(pk=told["id"])
    assert (row.settings, row.secrets) == (rig.settings, {"token": TOKEN})
    info = read(program.call("GET", "data/info?refresh=true"))
    assert (info["companyName"], info["baseCurrency"], info["platformName"], info["connectionId"]) == (
        "Harbour Street Studios Ltd", "GBP", "Demo Books", told["id"],
    )  # fmt: skip
    confirmed = program.call("POST", f"connections/{told['id']}/confirm")
    assert read(confirmed)["confirmed"] is not None
    assert read(program.call("POST", f"connections/{told['id']}/confirm")) == read(confirmed)
    ended = program.call("PATCH", f"connections/{told['id']}", {"status": "Unlinked"})
    assert read(ended)["status"] == "Unlinked"
    assert Connection.objects.get(pk=told["id"]).secrets == {}
    assert program.call("PATCH", f"connections/{told['id']}", {"status": "Unlinked"}).status_code == 200
    assert authorise(program, told["id"], whole(rig)).status_code == 409
    assert program.call("POST", f"connections/{told['id']}/confirm").status_code == 409
    verbs = AuditEvent.objects.filter(who__startswith="API token The shop").values_list("verb", flat=True)
    assert {"connection.begun", "connection.linked", "connection.confirmed", "connection.unlinked"} <= set(verbs)


def test_what_does_not_work_there_is_told_at_its_key_and_not_kept(program: Program, rig: Rig) -> None:
    id_ = read(begin(program))["id"]
    wrong = authorise(program, id_, {**whole(rig), "token": "another-token-that-is-wrong"})
    assert wrong.status_code == 400
    assert [one["field"] for one in read(wrong)["details"]] == ["token"]
    missing = authorise(program, id_, rig.settings)
    assert (missing.status_code, [one["field"] for one in read(missing)["details"]]) == (400, ["token"])
    row = Connection.objects.get(pk=id_)
    assert (row.status, row.settings, row.secrets) == (Status.PENDING_AUTH, {}, {})


def test_keys_that_there_are_not_are_refused(program: Program) -> None:
    id_ = read(begin(program))["id"]
    refused = authorise(program, id_, {"colour": "blue", "token": "x"})
    assert (refused.status_code, read(refused)) == (
        400, error(400, WRONG, ("colour", "Demo Books has no setting of this key.")),
    )  # fmt: skip
    no_text = authorise(program, id_, {"token": 7})
    assert (no_text.status_code, read(no_text)) == (400, error(400, WRONG, ("token", "It must be text.")))


def test_a_system_that_is_away_is_503(program: Program, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = read(begin(program))["id"]

    def away(*_: object, **__: object) -> None:
        raise Retryable("Demo Books does not answer.", retry_after=12.4)

    monkeypatch.setattr("portal.connections.by_form.proven", away)
    refused = authorise(program, id_, whole(rig))
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "12")
    assert read(refused) == error(503, "Demo Books does not answer.")


def test_a_company_that_is_linked_elsewhere_is_a_conflict(program: Program, rig: Rig) -> None:
    DemoConnectionFactory.create(settings=rig.settings, external_company_id=COMPANY)
    refused = authorise(program, read(begin(program))["id"], whole(rig))
    assert refused.status_code == 409
    assert "is linked to another company of this installation already" in read(refused)["error"]


def test_a_system_that_makes_its_own_books_is_linked_at_once(program: Program) -> None:
    told = read(begin(program, "ledger"))
    assert (told["status"], told["confirmed"] is None) == ("Linked", False)
    assert read(program.call("GET", ""))["status"] == "Linked"
    assert Connection.objects.get(pk=told["id"]).settings["books"]


def test_a_second_accounting_system_is_a_conflict_until_the_first_is_unlinked(program: Program) -> None:
    first = read(begin(program, "ledger"))["id"]
    assert begin(program).status_code == 409
    assert read(begin(program))["error"].startswith("Northgate Training Ltd is linked to Postroom ledger already.")
    program.call("PATCH", f"connections/{first}", {"status": "Unlinked"})
    assert begin(program).status_code == 201


def test_what_waits_is_held_at_once_when_it_is_unlinked(program: Program) -> None:
    demo = DemoConnectionFactory.create(company=program.company)
    posting = in_state(demo, State.READY, a_document())
    assert program.call("PATCH", f"connections/{demo.pk}", {"status": "Unlinked"}).status_code == 200
    posting.refresh_from_db()
    assert posting.state == State.HELD
    assert posting.reason.startswith("Its connection to Demo Books was unlinked.")


def test_the_addresses_of_a_source_are_shut_with_it(program: Program, source: Connection) -> None:
    endpoint = open_endpoint(source, who="tests")
    program.call("PATCH", f"connections/{source.pk}", {"status": "Unlinked"})
    told = read(program.call("GET", f"connections/{source.pk}/endpoints"))["results"]
    assert [(one["id"], one["isActive"]) for one in told] == [(str(endpoint.pk), False)]


def test_to_begin_again_gives_the_same_connection(program: Program) -> None:
    first, again = read(begin(program)), read(begin(program, "demo", company_id="x"))
    assert first["id"] == again["id"]
    assert Connection.objects.get(pk=first["id"]).settings == {"company_id": "x"}
    assert begin(program, "demo", token="secret").status_code == 409
    assert begin(program, "codat").status_code == 409  # the operator has not entered its key


def test_an_integration_that_there_is_not_is_refused(program: Program) -> None:
    refused = begin(program, "none")
    assert refused.status_code == 400
    assert read(refused)["details"][0]["field"] == "platformKey"


def test_a_source_is_linked_at_once_and_its_interface_is_tested_first(
    program: Program, source: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    Connection.objects.all().delete()
    told = read(begin(program, "icompleat"))
    assert (told["status"], told["sourceType"], told["platformName"]) == ("Linked", "Expense", "iCompleat")
    assert told["linkUrl"].endswith(f"/companies/{program.company.pk}/icompleat/")
    assert read(begin(program, "icompleat"))["id"] == told["id"]
    assert begin(program, "icompleat", base_url="http://x").status_code == 400
    keys = {"base_url": "http://127.0.0.1:9/icompleat", "company_id": "42", "security_key": "key"}
    for failure, status in ((Unauthorised("No."), 400), (Rejected("No.", field="company_id"), 400)):
        monkeypatch.setattr(setup, "check", _raising(failure))
        refused = authorise(program, told["id"], keys)
        assert refused.status_code == status
        assert read(refused)["details"][0]["field"] in keys
    there = CompanyThere(external_id="42", name="Northgate at iCompleat", base_currency="GBP")
    monkeypatch.setattr(setup, "check", lambda *_: there)
    kept = authorise(program, told["id"], keys)
    assert read(kept)["connectionInfo"] == {"companyId": "42", "companyName": "Northgate at iCompleat"}
    assert b'"key"' not in kept.content
    assert Connection.objects.get(pk=told["id"]).secrets == {"security_key": "key"}


def test_connections_are_listed_and_filtered(program: Program, source: Connection, books: Connection) -> None:
    def ids(query: str = "") -> list[str]:
        return [one["id"] for one in read(program.call("GET", f"connections{query}"))["results"]]

    assert ids("?orderBy=created") == [str(source.pk), str(books.pk)]
    assert ids() == [str(books.pk), str(source.pk)]
    assert ids("?sourceType=Expense") == [str(source.pk)]
    assert ids("?sourceType=Commerce") == []
    sold = SourceConnectionFactory.create(company=source.company, integration="accessplanit")
    assert ids("?sourceType=Commerce") == [str(sold.pk)]
    told = read(program.call("GET", f"connections/{sold.pk}"))
    assert told["linkUrl"].endswith(f"/companies/{sold.company_id}/sources/accessplanit/")
    assert ids("?sourceType=Expense") == [str(source.pk)]
    assert ids("?sourceType=Accounting") == [str(books.pk)]
    Connection.objects.filter(pk=books.pk).update(status=Status.DEAUTHORISED)
    assert ids("?status=Deauthorized") == ids("?status=Deauthorised") == [str(books.pk)]


def test_endpoints_are_opened_once_with_their_tokens(program: Program) -> None:
    source = read(begin(program, "icompleat"))["id"]
    made = program.call("POST", f"connections/{source}/endpoints", {"kind": "invoice"})
    told = read(made)
    assert (made.status_code, told["kind"], told["headers"][0]) == (201, "invoice", "x-api-compleat-token")
    assert told["url"].endswith(f"/webhooks/icompleat/{told['id']}/")
    assert told["token"].startswith("prm_")
    again = program.call("POST", f"connections/{source}/endpoints", {"kind": "invoice"})
    assert again.status_code == 409
    every = program.call("POST", f"connections/{source}/endpoints", {})
    assert (every.status_code, read(every)["kind"]) == (201, "")
    other = program.call("POST", f"connections/{source}/endpoints", {"kind": "refund"})
    assert read(other)["details"] == [{"field": "kind", "message": "iCompleat sends none of these."}]
    listed = program.call("GET", f"connections/{source}/endpoints")
    assert told["token"].encode() not in listed.content
    assert [one["kind"] for one in read(listed)["results"]] == ["", "invoice"]
    rotated = program.call("POST", f"connections/{source}/endpoints/{told['id']}/tokens")
    assert (rotated.status_code, read(rotated)["token"] != told["token"]) == (201, True)


def test_an_accounting_system_has_no_endpoints(program: Program, books: Connection) -> None:
    assert books.side == Side.ACCOUNTING
    assert read(program.call("GET", f"connections/{books.pk}/endpoints"))["results"] == []
    assert program.call("POST", f"connections/{books.pk}/endpoints", {}).status_code == 409


def test_nothing_is_linked_to_a_closed_company(program: Program) -> None:
    from django.utils import timezone

    Company.objects.update(closed_at=timezone.now())
    Connection.objects.all().delete()
    for key in ("demo", "ledger", "icompleat"):
        refused = begin(program, key)
        assert (refused.status_code, "is closed" in read(refused)["error"]) == (409, True)


def _raising(error: Exception) -> Any:
    def raises(*_: object) -> None:
        raise error

    return raises
