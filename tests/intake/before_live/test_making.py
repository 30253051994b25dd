"""The dry runs that are due: made by a worker, tried again while an accounting system is away, and read back whole."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from integrations.documents import Kind
from ledger.models import Entry
from portal.connections.models import Connection, Endpoint, Status
from portal.connections.resting import Resting
from portal.events.models import AuditEvent
from portal.intake import tasks
from portal.intake.before_live import making
from portal.intake.before_live.asking import ask_again, ask_all_again
from portal.intake.before_live.making import TRIED_AGAIN_AFTER, companies_due, make_due
from portal.intake.before_live.stored import stored_run
from portal.intake.dry_running import dry_run_of_body
from portal.intake.models import Delivery, Forecast, KeptDryRun
from portal.postings.models import Transaction
from portal.postings.preview.report import Outcome
from portal.tenants.models import Company
from tests.factories import CompanyFactory, DemoConnectionFactory, LedgerConnectionFactory, SourceConnectionFactory
from tests.intake.payloads import a_line, a_transaction, body

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def of(company: Company, content: bytes | None = None, kind: str = "") -> KeptDryRun:
    """A dry run of a delivery that came in, as its door leaves it."""
    source = Connection.objects.filter(company=company, integration="icompleat").first()
    source = source or SourceConnectionFactory.create(company=company)
    endpoint, _ = Endpoint.objects.get_or_create(connection=source, kind=kind)
    now = timezone.now()
    delivery = Delivery.objects.create(
        endpoint=endpoint, company=company, received_at=now, verdict="not_live",
        body=body(a_transaction()) if content is None else content,
    )  # fmt: skip
    return KeptDryRun.objects.create(delivery=delivery, company=company, asked_at=now, next_try_at=now)


def anew(kept: KeptDryRun) -> KeptDryRun:
    kept.refresh_from_db()
    return kept


@pytest.fixture
def company() -> Company:
    """On the built-in ledger, and not live yet."""
    company: Company = CompanyFactory.create(live_at=None)
    LedgerConnectionFactory.create(company=company)
    return company


@pytest.fixture
def away() -> Company:
    """On an accounting system that tells nothing for the moment."""
    company: Company = CompanyFactory.create(live_at=None)
    DemoConnectionFactory.create(company=company, status=Status.DEAUTHORISED)
    return company


def test_what_would_be_booked_is_said_and_nothing_is_booked(company: Company) -> None:
    kept = of(company)
    assert make_due(company.pk) == 1
    anew(kept)
    assert (kept.forecast, kept.why, kept.problem, kept.next_try_at) == (Forecast.POSTED, "", "", None)
    assert (kept.number, str(kept.gross)) == ("INV000123", "120.00")
    assert (Transaction.objects.count(), Entry.objects.count()) == (0, 0)
    assert make_due(company.pk) == 0


def test_what_would_be_refused_says_why(company: Company) -> None:
    kept = of(company, body(a_transaction(Lines=[a_line(account="9999")])))
    make_due(company.pk)
    assert anew(kept).forecast == Forecast.REFUSED
    assert "9999" in kept.why


def test_a_body_that_is_no_document_any_more_is_refused_for_good(company: Company) -> None:
    kept = of(company, b"{}")
    make_due(company.pk)
    anew(kept)
    assert (kept.forecast, kept.next_try_at, kept.result) == (Forecast.REFUSED, None, None)
    assert kept.problem == kept.why != ""


def test_the_kind_of_the_address_counts(company: Company) -> None:
    kept = of(company, kind=Kind.CREDIT_NOTE.value)
    make_due(company.pk)
    assert anew(kept).forecast == Forecast.REFUSED


def test_without_its_body_nothing_is_made_of_it(company: Company) -> None:
    kept = of(company, b"")
    make_due(company.pk)
    assert (anew(kept).problem, kept.next_try_at) == (making.BODY_GONE, None)


def test_an_accounting_system_that_is_away_leaves_it_waiting(away: Company) -> None:
    first, second = of(away), of(away)
    assert make_due(away.pk) == 0
    assert (anew(second).tries, second.made_at, second.forecast) == (1, None, Forecast.UNKNOWN)
    assert second.problem != ""
    assert second.next_try_at is not None
    assert timedelta(seconds=50) < second.next_try_at - timezone.now() <= TRIED_AGAIN_AFTER[0]
    assert anew(first).tries == 0, "where one hangs, the next would hang as well"


def test_after_the_last_try_it_is_not_known_and_can_be_asked_for_again(away: Company) -> None:
    kept = of(away)
    KeptDryRun.objects.update(tries=len(TRIED_AGAIN_AFTER))
    make_due(away.pk)
    assert (anew(kept).next_try_at, kept.forecast) == (None, Forecast.UNKNOWN)
    assert kept.made_at is not None
    ask_again(kept, who="jane")
    assert anew(kept).next_try_at is not None
    assert kept.tries == 0


def test_without_an_accounting_system_it_waits_for_one(company: Company) -> None:
    Connection.objects.filter(integration="ledger").update(status=Status.UNLINKED)
    kept = of(company)
    assert make_due(company.pk) == 0
    assert anew(kept).problem.startswith("No accounting system is linked")
    assert kept.next_try_at is not None
    Connection.objects.filter(integration="ledger").update(status=Status.LINKED)
    KeptDryRun.objects.update(next_try_at=timezone.now())
    make_due(company.pk)
    assert (anew(kept).forecast, kept.problem) == (Forecast.POSTED, "")


def test_what_was_found_stays_while_the_system_is_away(company: Company) -> None:
    kept = of(company)
    make_due(company.pk)
    Connection.objects.filter(integration="ledger").update(status=Status.DEAUTHORISED)
    ask_again(kept, who="jane")
    make_due(company.pk)
    assert (anew(kept).forecast, (kept.result or {}).get("outcome")) == (Forecast.POSTED, "sent")
    assert (kept.tries, bool(kept.problem), kept.next_try_at is None) == (1, True, False)


def test_a_company_makes_only_its_own(company: Company, away: Company) -> None:
    mine, other = of(company), of(away)
    make_due(company.pk)
    assert (anew(mine).made_at is None, anew(other).next_try_at == other.asked_at) == (False, True)
    assert companies_due(timezone.now()) == [away.pk]


def test_one_that_is_held_by_another_worker_is_not_made_twice(company: Company) -> None:
    of(company)
    held = making._claim(company.pk, timezone.now())
    assert held is not None
    assert make_due(company.pk) == 0
    assert make_due_later(company) == 1, "what a dead worker held is due again"


def make_due_later(company: Company) -> int:
    KeptDryRun.objects.update(next_try_at=timezone.now())
    return make_due(company.pk)


def test_asked_for_anew_while_it_is_made_it_is_made_once_more(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, runs = of(company), list[Any]()

    def while_the_mapping_is_mended(*args: Any) -> Any:
        if not runs:
            ask_again(kept, who="jane")
        runs.append(args)
        return dry_run_of_body(*args)

    monkeypatch.setattr(making, "dry_run_of_body", while_the_mapping_is_mended)
    make_due(company.pk)
    assert (len(runs), anew(kept).forecast, kept.next_try_at) == (2, Forecast.POSTED, None)


def test_all_that_would_be_refused_are_asked_for_again(company: Company) -> None:
    good, bad = of(company), of(company, body(a_transaction(Lines=[a_line(account="9999")])))
    make_due(company.pk)
    assert ask_all_again(company, who="jane") == 1
    assert (anew(good).next_try_at, anew(bad).next_try_at is None) == (None, False)
    event = AuditEvent.objects.get(verb="dry_run.asked")
    assert (event.who, event.company_id, event.details) == ("jane", company.pk, {"count": 1})
    assert ask_all_again(CompanyFactory.create(), who="jane") == 0


def test_what_is_kept_is_read_back_as_it_was_found(company: Company) -> None:
    content = body(a_transaction(Lines=[a_line(account="9999"), a_line(Number=2)]))
    kept = of(company, content)
    run = dry_run_of_body(kept.delivery.endpoint.connection, content)
    found = stored_run(run.to_json(), content)
    assert found is not None
    for name in ("at", "system", "outcome", "sentence", "document", "came_in", "objections", "warnings", "notes",
                 "requests", "codes"):  # fmt: skip
        assert getattr(found, name) == getattr(run, name), name
    assert [gap.sentence for gap in found.distinct_gaps] == [gap.sentence for gap in run.distinct_gaps]
    assert found.outcome is Outcome.OBJECTIONS


@pytest.mark.parametrize("result", [None, {}, {"at": "yesterday"}, {"outcome": "unheard of"}])
def test_a_shape_of_another_release_is_no_error(result: dict[str, Any] | None) -> None:
    assert stored_run(result, b"") is None


def test_a_nudge_that_was_lost_is_made_up_by_the_timetable(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = of(company)
    rung: list[uuid.UUID] = []
    monkeypatch.setattr(tasks, "ring", rung.append)
    tasks.make_dry_runs_due(timezone.now())
    assert rung == [company.pk]
    tasks.make_dry_runs(company.pk.hex)
    assert anew(kept).made_at is not None


def test_a_broker_that_is_away_is_left_alone_for_a_while(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def away_it_is(*args: object, **_: object) -> None:
        calls.append(args)
        raise BrokerError("It is away.")

    monkeypatch.setattr(tasks, "bell", Resting(60))
    monkeypatch.setattr(tasks.make_dry_runs, "apply_async", away_it_is)
    tasks.ring(company.pk)
    tasks.ring(company.pk)
    assert len(calls) == 1
