"""A conformance run over real HTTP: against Demo Books in good order, and against one that forgets or ignores keys."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.demo.connector import DemoBooks
from integrations.documents import Kind
from integrations.errors import Unauthorised
from portal.connections.conformance import Account, Outcome, Report, Wishes, account_of, record, run
from portal.connections.conformance.running import NO_CONNECTION, NO_KEY, NO_LOOKUP, NOT_ALL_PASSED, TRUSTED
from portal.connections.conformance.trial import Codes
from portal.events.models import AuditEvent
from portal.postings.reconciliation.listing import our_key
from tests.connections.conformance.rig import CODES, TOKEN, Open, Rig, with_key_life
from tests.factories import DemoConnectionFactory

pytestmark = pytest.mark.django_db
NAMES = ["lookup", "double_send", "lost_answer_1", "changed_body", "late_retry"]


def outcomes(report: Report) -> dict[str, tuple[str, int | None]]:
    return {check.name: (check.outcome.value, check.documents) for check in report.checks}


def linked(rig: Rig) -> Account:
    connection = DemoConnectionFactory.create(settings=rig.settings, secrets={"token": TOKEN})
    return account_of(connection)


def test_a_system_that_keeps_its_keys_is_trusted(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key_life(monkeypatch)
    report = run(linked(rig), Wishes(codes=CODES), sleep=rig.sleep)
    assert outcomes(report) == dict.fromkeys(NAMES, ("passed", 1))
    assert (report.passed, report.trusted, report.verdict) == (True, True, TRUSTED)
    assert rig.amounts() == ["1.00"] * 5
    assert (report.company.name, rig.slept) == ("Harbour Street Studios Ltd", [5.0, 0.0])


def test_what_is_sent_is_small_marked_and_one_of_a_kind(rig: Rig) -> None:
    report = run(rig.account(), Wishes(codes=CODES), sleep=rig.sleep)
    held = rig.books.latest("harbour-street", 100)
    assert len({one["document_number"] for one in held}) == len({one["supplier_reference"] for one in held}) == 5
    assert all(one["title"].startswith("Postroom conformance check 20") for one in held)
    assert all(line["description"] == one["title"] for one in held for line in one["lines"])
    assert {one["date"] for one in held} == {str(report.started_at.date())}


def test_a_reconciliation_takes_none_of_them_for_a_posting(rig: Rig) -> None:
    report = run(rig.account(), Wishes(codes=CODES), sleep=rig.sleep)
    system = report.account.system(report.account.terms())
    listed = list(system.written_since(report.started_at - timedelta(hours=1)))
    assert len(listed) == 5
    assert [our_key(one.key) for one in listed] == [None] * 5


def test_the_lost_answer_was_sent_in_full_and_sent_again_under_the_same_key(rig: Rig) -> None:
    report = run(rig.account(), Wishes(codes=CODES), sleep=rig.sleep)
    (check,) = [one for one in report.checks if one.name == "lost_answer_1"]
    assert [(one["method"], one["status"]) for one in check.exchanges] == [("POST", 201), ("POST", 200)]
    assert check.exchanges[0]["request_body"] == check.exchanges[1]["request_body"]
    assert check.seen.startswith("The answer to write 1 was thrown away; sent again under the same key: document BILL-")


def test_a_system_that_ignores_keys_fails(serve: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key_life(monkeypatch)
    rig = serve("trust_keys=no")
    report = run(linked(rig), Wishes(codes=CODES), sleep=rig.sleep)
    assert outcomes(report) == {"lookup": ("passed", 1), **dict.fromkeys(NAMES[1:], ("failed", 2))}
    assert (report.trusted, report.verdict) == (False, NOT_ALL_PASSED)
    assert rig.amounts() == [*["1.00"] * 6, "2.00", "1.00", "1.00"]
    said = {check.name: check.seen for check in report.checks}
    assert "It answered with two different documents." in said["double_send"]
    assert "2 documents are there in place of one." in said["lost_answer_1"]


def test_a_system_that_forgets_keys_fails_the_late_retry_alone(serve: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key_life(monkeypatch)
    rig = serve("key_seconds=1")
    rig.longest_sleep = 1.2
    report = run(linked(rig), Wishes(codes=CODES), sleep=rig.sleep)
    assert outcomes(report) == {**dict.fromkeys(NAMES, ("passed", 1)), "late_retry": ("failed", 2)}
    assert not report.trusted


def test_beyond_the_keys_life_is_tried_only_when_asked_and_does_not_count(
    serve: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_key_life(monkeypatch, 3)
    rig = serve("key_seconds=1")
    wishes = Wishes(codes=CODES, late_seconds=0.0, life_seconds=8.0)
    rig.longest_sleep = 1.2
    report = run(linked(rig), wishes, sleep=rig.sleep)
    assert outcomes(report)["after_key_life"] == ("failed", 2)
    assert report.trusted
    assert rig.slept == [0.0, 8.0, 0.0]


def test_a_connector_without_a_key_has_none_to_trust(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key_life(monkeypatch, None)
    report = run(linked(rig), Wishes(codes=CODES), sleep=rig.sleep)
    assert (report.passed, report.trusted, report.verdict) == (True, False, NO_KEY)


def test_credentials_of_its_own_make_no_connection_trusted(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key_life(monkeypatch)
    report = run(rig.account(), Wishes(codes=CODES), sleep=rig.sleep)
    assert (report.passed, report.trusted, report.verdict) == (True, False, NO_CONNECTION)


def test_what_cannot_be_searched_cannot_be_proven(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key_life(monkeypatch, lookup=False, lookup_complete=False)
    report = run(linked(rig), Wishes(codes=CODES, settle_seconds=0.0), sleep=rig.sleep)
    assert {one.outcome for one in report.checks} == {Outcome.NOT_POSSIBLE}
    assert all(NO_LOOKUP in one.seen for one in report.checks)
    assert not report.trusted


def test_a_refusal_makes_a_check_impossible_and_says_why(rig: Rig) -> None:
    report = run(rig.account(), Wishes(codes=Codes(account_code="9999", tax_code="T0")), sleep=rig.sleep)
    assert {one.outcome for one in report.checks} == {Outcome.NOT_POSSIBLE}
    assert all("Account code 9999 on line 1 is not in the chart" in one.seen for one in report.checks)
    assert rig.amounts() == []


def test_a_lookup_that_lags_behind_is_given_time_before_the_count(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key_life(monkeypatch, lookup_complete=False, quiet_seconds=77)
    report = run(linked(rig), Wishes(codes=CODES), sleep=rig.sleep)
    assert (report.trusted, rig.slept[-1]) == (True, 77.0)


def test_a_lookup_that_promises_more_than_it_sees_fails(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    find, asked = DemoBooks.find, []

    def late(self: DemoBooks, *args: object, **kwargs: object) -> object:
        asked.append(1)
        return () if len(asked) <= 2 else find(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(DemoBooks, "find", late)
    report = run(linked(rig), Wishes(codes=CODES), sleep=rig.sleep)
    assert outcomes(report)["lookup"] == ("failed", 1)
    assert "did not see this one" in report.checks[0].seen


def test_a_rate_limit_is_waited_for(serve: Open) -> None:
    rig = serve("429=0.4,retry_after_seconds=2")
    report = run(rig.account(), Wishes(codes=CODES), sleep=rig.sleep)
    assert report.passed
    assert 2.0 in rig.slept


def test_wrong_credentials_are_told_before_anything_is_sent(rig: Rig) -> None:
    wrong = Account(connector=DemoBooks, settings=rig.settings, secrets={"token": "wrong"})
    with pytest.raises(Unauthorised):
        run(wrong, Wishes(codes=CODES), sleep=rig.sleep)
    assert [seen.method for seen in rig.recorder.seen] == ["GET"]


@pytest.mark.parametrize("kind", [Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER])
def test_other_kinds_are_checked_as_well(rig: Rig, kind: Kind) -> None:
    codes = Codes(account_code="7504", tax_code="T0", kind=kind)
    assert run(rig.account(), Wishes(codes=codes), sleep=rig.sleep).passed
    assert {one["kind"] for one in rig.books.truth(None)} == {kind.value}


def test_a_run_is_kept_and_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key_life(monkeypatch)
    account = linked(rig)
    report = run(account, Wishes(codes=CODES), sleep=rig.sleep)
    kept = record(report, who="sam")
    kept.refresh_from_db()
    assert (kept.integration, kept.connection, kept.base_url) == ("demo", account.connection, rig.url)
    assert (kept.trusted, kept.who, kept.external_company_name) == (True, "sam", "Harbour Street Studios Ltd")
    assert len(kept.version) == 12
    assert [(one["name"], one["outcome"], one["documents"]) for one in kept.checks] == [
        (name, "passed", 1) for name in NAMES
    ]
    event = AuditEvent.objects.get(verb="connection.conformance")
    assert account.connection is not None
    assert (event.subject_id, event.company_id) == (str(account.connection.pk), account.connection.company_id)
    assert TOKEN not in f"{kept.checks}{event.message}{report.checks}{account}"
