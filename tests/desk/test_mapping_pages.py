"""The customers' pages before anything is sent: the dry run of a transaction and of a pasted body, and the gaps."""

from __future__ import annotations

import csv
import json
from html import unescape
from io import StringIO
from pathlib import Path

import pytest
import requests
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.documents import Supplier
from ledger.models import Entry
from portal.connections import onlookers
from portal.connections.models import Connection
from portal.connections.setup import save_source
from portal.intake.models import Delivery, Verdict
from portal.postings.models import Posting, Transaction
from portal.reference.models import MappedCode, SyncRun, SyncState
from portal.reference.rules import How, Rule, Rules
from portal.reference.services import save_rules
from portal.tenants.models import Member, Role
from tests.desk.scene import Scene, a_scene
from tests.desk.there import KEY, There
from tests.factories import EndpointFactory, MemberFactory, SourceConnectionFactory, a_line
from tests.intake.payloads import a_transaction
from tests.postings.preview.stand_ins import TOKEN, served

pytestmark = pytest.mark.engine


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return " ".join(unescape(answer.content.decode()).split())


def dry_run_of(posting: Posting) -> str:
    return reverse("desk:dry-run", args=[posting.transaction.public_id])


def as_viewer(scene: Scene) -> None:
    Member.objects.filter(user=scene.user).update(role=Role.VIEWER)


def counts() -> list[int]:
    return [model.objects.count() for model in (Transaction, Posting, Delivery, Entry)]


# --- a transaction ---------------------------------------------------------------------------------------------------


def test_a_transaction_shows_both_columns(scene: Scene) -> None:
    posting = scene.receive(lines=(a_line(account_code="9999"),), number="INV-77")
    endpoint = EndpointFactory.create(connection=SourceConnectionFactory.create(company=scene.company))
    Delivery.objects.create(
        endpoint=endpoint, company=scene.company, received_at=timezone.now(), body=b'{"Net":100.00}', body_sha256="-",
        verdict=Verdict.ACCEPTED, transaction=posting.transaction,
    )  # fmt: skip
    before = counts()
    text = text_of(scene.client, dry_run_of(posting))
    assert "Postroom ledger would refuse it. Nothing would be sent." in text
    assert "Line 1: account code 9999 is not in the chart of accounts" in text
    assert '{ "Net": 100.00 }' in text
    assert '<td data-label="Came in" class="code code-cell">9999</td>' in text
    save_rules(scene.connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    text = text_of(scene.client, dry_run_of(posting))
    assert "It would be refused: the mapping lacks 1 code." in text
    assert "Line 1: account code 9999 is not in the mapping table of the connection. Add it there." in text
    MappedCode.objects.create(connection=scene.connection, family="account", source_code="9999", accounting_code="5010")
    text = text_of(scene.client, dry_run_of(posting))
    assert "Postroom ledger would book what stands here. Nothing was booked." in text
    assert '"account": "5010 Course venue hire"' in text
    assert counts() == before


def test_what_would_go_to_a_vendor_has_its_address_and_no_secret(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    with served("demo", tmp_path) as there:
        scene = _member_of(there.connection)
        posting = scene.receive(number="INV-78")
        text = text_of(scene.client, dry_run_of(posting))
        assert there.writes() == []
    address = f"POST {there.connection.settings['base_url']}/api/companies/harbour-street/bills"
    assert address in text
    assert f'"reference": "{posting.transaction.number}"' in text
    assert TOKEN not in text


def _member_of(connection: Connection) -> Scene:
    tenant = connection.company.tenant
    return Scene(tenant, connection.company, connection, MemberFactory(tenant=tenant).user)


def test_a_viewer_is_told_why_and_an_operator_sees_it(scene: Scene) -> None:
    posting = scene.receive()
    as_viewer(scene)
    text = text_of(scene.client, dry_run_of(posting))
    assert "Owners and operators can have it shown" in text
    assert "What would be sent" not in text
    Member.objects.filter(user=scene.user).update(role=Role.OPERATOR)
    assert "What would be sent" in text_of(scene.client, dry_run_of(posting))


def test_nobody_else_sees_it(scene: Scene) -> None:
    address = dry_run_of(scene.receive())
    assert a_scene().client.get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_the_page_of_a_transaction_leads_to_it(scene: Scene) -> None:
    posting = scene.receive()
    page = text_of(scene.client, reverse("desk:transaction", args=[posting.transaction.public_id]))
    assert f'href="{dry_run_of(posting)}"' in page


def test_texts_of_others_are_no_markup(scene: Scene) -> None:
    evil = "<img src=x>"
    posting = scene.receive(number=evil, party=Supplier(code=None, name=evil), lines=(a_line(account_code=evil),))
    assert "<img" not in scene.client.get(dry_run_of(posting)).content.decode()


# --- a pasted body ---------------------------------------------------------------------------------------------------


@pytest.fixture
def source(scene: Scene) -> Connection:
    made: Connection = SourceConnectionFactory.create(company=scene.company)
    return made


def of_the_company(source: Connection, **members: object) -> str:
    return json.dumps(a_transaction(Company={"Id": source.external_company_id}, **members))


def paste(scene: Scene, body: str, kind: str = "") -> str:
    address = reverse("desk:dry-run-form", args=[scene.company.pk])
    answer = scene.client.post(address, {"body": body, "kind": kind})
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def test_a_pasted_document_shows_what_would_be_sent_and_is_not_kept(scene: Scene, source: Connection) -> None:
    before = counts()
    text = paste(scene, of_the_company(source))
    assert "Postroom ledger would book what stands here. Nothing was booked." in text
    assert "P-DRY-RUN and the key are made up" in text
    assert '"reference": "P-DRY-RUN"' in text
    assert counts() == before


def test_what_cannot_be_read_names_its_field_and_keeps_what_was_typed(scene: Scene, source: Connection) -> None:
    for body, said in (
        ("{", "not"),
        (of_the_company(source, Type="XXX"), "Type: Type XXX is not known."),
        (
            json.dumps(a_transaction(Company={"Id": "00000000-0000-4000-8000-00000000000f"})),
            "Company.Id: The transaction belongs",
        ),
    ):
        text = paste(scene, body)
        assert said in text
        assert "What would happen" not in text
        assert body[:20] in text


def test_a_transaction_that_came_before_says_so(scene: Scene, source: Connection) -> None:
    body = a_transaction()
    scene.receive(external_id=body["Id"].lower(), identity=body["Id"].lower())
    text = paste(scene, json.dumps(body))
    assert "This transaction came in before, as P-000001" in text


def test_without_icompleat_and_for_viewers_there_is_no_form(scene: Scene) -> None:
    address = reverse("desk:dry-run-form", args=[scene.company.pk])
    assert "Link iCompleat first" in text_of(scene.client, address)
    SourceConnectionFactory.create(company=scene.company)
    assert '<textarea name="body"' in text_of(scene.client, address)
    as_viewer(scene)
    assert "Owners and operators can have it shown" in text_of(scene.client, address)
    assert scene.client.post(address, {"body": "{}"}).status_code == 403


def test_without_an_accounting_system_it_says_so(scene: Scene, source: Connection) -> None:
    Connection.objects.filter(pk=scene.connection.pk).update(status="unlinked")
    text = paste(scene, of_the_company(source))
    assert f"No accounting system is linked to {scene.company}. Link one, then look again." in text


# --- gaps ------------------------------------------------------------------------------------------------------------


def gaps_of(scene: Scene, query: str = "") -> str:
    return text_of(scene.client, reverse("desk:gaps", args=[scene.company.pk]) + query)


def read(connection: Connection, *kinds: str) -> None:
    for kind in kinds:
        SyncRun.objects.create(
            company=connection.company, connection=connection, kind=kind, state=SyncState.COMPLETE,
            asked_at=timezone.now(),
        )  # fmt: skip


def test_codes_of_the_last_transactions_that_would_be_refused(scene: Scene) -> None:
    assert "No transaction that this accounting system takes has come in yet" in gaps_of(scene)
    posting = [scene.refuse() for _ in range(2)][-1]
    text = gaps_of(scene)
    assert "Suppliers, account codes, tax codes and currency codes of Postroom ledger were never read" in text
    read(scene.connection, "account", "tax", "supplier", "currency")
    text = gaps_of(scene)
    assert "were never read" not in text
    here = reverse("desk:mapping-codes", args=[scene.company.pk])
    assert f'<a href="{here}?family=account&code=9999">9999</a>' in text
    assert "Postroom ledger has no account code 9999." in text
    assert f"?q={posting.transaction.number}&company={scene.company.pk}" in text


def test_lists_are_read_from_icompleat_when_they_are_asked_for(scene: Scene, there: There) -> None:
    save_source(scene.company, "icompleat", there.settings, {"security_key": KEY}, "tests")
    save_rules(scene.connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    headers = {"x-api-compleat-key": KEY, "x-api-version": "1"}
    requests.post(
        f"{there.url}/api/accountcodes/{there.tenant_id}/{there.company_id}",
        json={"AccountCodes": [{"Code": "HIRE", "Name": "Hire"}], "ContinuationToken": ""}, headers=headers, timeout=10,
    ).raise_for_status()  # fmt: skip
    assert "HIRE" not in gaps_of(scene)
    text = gaps_of(scene, "?in=account")
    here = reverse("desk:mapping-codes", args=[scene.company.pk])
    assert f'<a href="{here}?family=account&code=HIRE">HIRE</a>' in text
    assert "It is not in the mapping table. Add it there." in text
    every = gaps_of(scene, "?in=lists")
    assert all(f">{label}</h2>" in every for label in ("Account codes", "Tax codes", "Currency codes", "Suppliers"))
    file = reverse("desk:gaps-file", args=[scene.company.pk])
    lines = scene.client.get(f"{file}?in=lists").getvalue().decode()
    rows = list(csv.reader(StringIO(lines)))
    assert ["Account codes", "Account code", "HIRE", "", "0", "", "Refused"] in [row[:7] for row in rows]
    as_viewer(scene)
    assert "HIRE" not in gaps_of(scene, "?in=lists")
    lines = scene.client.get(f"{file}?in=lists").getvalue().decode()
    assert "HIRE" not in lines


def test_few_pages_read_lists_at_once(scene: Scene, there: There, monkeypatch: pytest.MonkeyPatch) -> None:
    save_source(scene.company, "icompleat", there.settings, {"security_key": KEY}, "tests")
    monkeypatch.setattr(onlookers, "MOST_OF_ONE", 0)
    assert onlookers.BUSY in gaps_of(scene, "?in=lists")
    file = reverse("desk:gaps-file", args=[scene.company.pk])
    lines = scene.client.get(f"{file}?in=lists").getvalue().decode()
    assert onlookers.BUSY in lines


def test_without_a_source_without_rules_and_without_a_system_the_page_says_so(scene: Scene) -> None:
    assert f"{scene.company} has no source in use whose lists can be read." in gaps_of(scene, "?in=lists")
    Connection.objects.filter(pk=scene.connection.pk).update(mapping=7)
    assert "The mapping of the connection cannot be read" in gaps_of(scene)
    file = reverse("desk:gaps-file", args=[scene.company.pk])
    assert scene.client.get(file).status_code == 302
    Connection.objects.filter(pk=scene.connection.pk).update(status="unlinked", mapping={})
    assert "Link an accounting system first" in gaps_of(scene)
    assert scene.client.get(file).status_code == 404
