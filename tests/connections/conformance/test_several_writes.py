"""A run where a post takes several writes, of which the first of all makes the supplier besides: Tryton's stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from integrations.sandbox import Server, Store, mount
from integrations.tryton.connector import Tryton
from integrations.tryton.sandbox import build
from portal.connections.conformance import Account, Wishes, run
from portal.connections.conformance.trial import Codes

pytestmark = pytest.mark.django_db
KEY = "tryton-key-of-the-conformance-tests"


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("POSTROOM_TRYTON_KEY", KEY)
    assert settings.ALLOW_PRIVATE_TARGETS
    store = Store("tryton", tmp_path)
    with Server(mount({"tryton": build(store)})) as server:
        where = {"base_url": f"{server.url}/tryton", "database": "harbour", "company_id": "1"}
        yield Account(connector=Tryton, settings=where, secrets={"api_key": KEY})
    store.close()


def test_each_write_of_a_usual_post_has_its_answer_lost_once(account: Account) -> None:
    report = run(account, Wishes(codes=Codes(account_code="7504", tax_code="T0")), sleep=lambda _: None)
    assert {check.name: (check.outcome.value, check.documents) for check in report.checks} == dict.fromkeys(
        ["lookup", "double_send", "lost_answer_1", "lost_answer_2", "changed_body", "late_retry"], ("passed", 1)
    )
    assert report.passed
