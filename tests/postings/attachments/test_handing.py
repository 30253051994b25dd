"""Files go over once, in order, whatever is refused; nothing of the posting moves."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError
from django.db import connection as database
from django.db.transaction import atomic
from django.utils import timezone

from integrations.errors import Missing, OutcomeUnknown, Rejected, Retryable, Unauthorised
from integrations.papers import LARGEST_FILE, File
from ledger.models import Attachment as LedgerAttachment
from portal.connections.models import Connection, Status
from portal.connections.paced import paced
from portal.postings.attachments.models import HandedFile, Handover, HandoverState
from portal.postings.models import Posting, Transition
from tests.factories import LedgerConnectionFactory
from tests.postings.attachments.papers import ShelvedBooks
from tests.postings.attachments.scene import DAY, HOUR, MINUTE, START, Scene, once, raising, rows, run

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
WAS_THERE = "A file of this name was there already."


def test_every_file_goes_over_once_the_pdf_first(scene: Scene) -> None:
    scene.desk.put("f-1", "notes.txt", b"notes", content_type="text/plain")
    scene.desk.put("f-2", "invoice.pdf", b"%PDF")
    handover = run(scene.handover(external_id="t-1"))
    assert scene.shelf.files == {
        "1": [
            File(name="invoice.pdf", content_type="application/pdf", content=b"%PDF"),
            File(name="notes.txt", content_type="text/plain", content=b"notes"),
        ]
    }
    assert scene.desk.asked == ["list t-1", "fetch f-2 of t-1", "fetch f-1 of t-1"]
    assert (handover.state, handover.message, handover.next_at, handover.ended_at) == ("done", "", None, START)
    first = HandedFile.objects.order_by("pk")[0]
    assert (first.external_id, first.size, first.sha256, first.content_type, first.handed_at) == (
        "f-2", 4, hashlib.sha256(b"%PDF").hexdigest(), "application/pdf", START,
    )  # fmt: skip
    run(handover)
    assert (len(scene.desk.asked), len(scene.shelf.names())) == (3, 2)


def test_a_document_without_files_ends_and_the_books_are_not_asked(scene: Scene) -> None:
    scene.shelf.at_attached = raising(AssertionError("asked"))
    handover = run(scene.handover())
    assert (handover.state, handover.message, rows(handover)) == ("nothing", "", [])


def test_two_files_of_one_name_are_two_files(scene: Scene) -> None:
    for external_id in ("f-1", "f-2"):
        scene.desk.put(external_id, "invoice.pdf")
    handover = run(scene.handover())
    assert (handover.state, scene.shelf.names()) == ("done", ["invoice.pdf", "invoice (2).pdf"])
    assert [file.content for file in scene.shelf.files["1"]] == [b"content of f-1", b"content of f-2"]


def test_what_is_there_by_its_name_is_not_fetched(scene: Scene) -> None:
    scene.desk.put("f-1", "Invoice.pdf")
    scene.shelf.files["1"] = [File(name="invoice.PDF", content_type="", content=b"by hand")]
    handover = run(scene.handover(external_id="t-1"))
    assert (handover.state, scene.desk.asked) == ("done", ["list t-1"])
    assert (scene.shelf.names(), rows(handover)) == (["invoice.PDF"], [("Invoice.pdf", "handed", WAS_THERE)])


def test_a_file_that_is_too_large_is_refused_and_the_others_go_on(scene: Scene) -> None:
    scene.desk.put("f-1", "told.pdf", size=LARGEST_FILE + 1)
    scene.desk.put("f-2", "untold.pdf", b"x" * (LARGEST_FILE + 1))
    scene.desk.put("f-3", "largest.pdf", b"x" * LARGEST_FILE, size=LARGEST_FILE)
    handover = run(scene.handover(external_id="t-1"))
    why = "It is larger than 7 MB, which is the most that is handed over."
    assert rows(handover) == [
        ("told.pdf", "refused", why), ("untold.pdf", "refused", why), ("largest.pdf", "handed", ""),
    ]  # fmt: skip
    assert (handover.state, handover.message) == ("partly", f"2 of 3 refused. told.pdf: {why}")
    assert (scene.shelf.names(), "fetch f-1 of t-1" in scene.desk.asked) == (["largest.pdf"], False)


def test_a_file_that_is_refused_keeps_the_words_and_the_others_go_on(scene: Scene) -> None:
    scene.desk.put("f-1", "macro.xlsm")
    scene.desk.put("f-2", "invoice.pdf")
    scene.shelf.before = once(Rejected("Macros are not taken."))
    handover = run(scene.handover())
    assert (handover.state, handover.message) == ("partly", "1 of 2 refused. macro.xlsm: Macros are not taken.")
    assert scene.shelf.names() == ["invoice.pdf"]


def test_a_file_that_vanished_at_the_source_is_refused(scene: Scene) -> None:
    scene.desk.put("f-1", "gone.pdf")
    scene.desk.at_fetch = scene.desk.files.clear
    handover = run(scene.handover())
    assert (handover.state, rows(handover)) == ("partly", [("gone.pdf", "refused", "There is no file f-1.")])


def test_a_file_that_is_not_listed_any_more_is_refused(scene: Scene) -> None:
    scene.desk.put("f-1", "gone.pdf")
    scene.desk.at_fetch = raising(Retryable("Away."))
    handover = run(scene.handover())
    scene.desk.files.clear()
    scene.later(MINUTE)
    assert rows(run(handover)) == [("gone.pdf", "refused", "The source does not tell of it any more.")]


@pytest.mark.parametrize("act", ["at_list", "at_attached"])
def test_a_document_that_is_not_there_is_given_up_with_the_words(scene: Scene, act: str) -> None:
    scene.desk.put("f-1", "invoice.pdf")
    setattr(scene.desk if act == "at_list" else scene.shelf, act, raising(Missing("There is no such document.")))
    handover = run(scene.handover())
    assert (handover.state, handover.message, handover.ended_at) == ("given_up", "There is no such document.", START)


# --- later -----------------------------------------------------------------------------------------------------------


def test_it_is_tried_for_a_week_then_given_up(scene: Scene) -> None:
    scene.desk.at_list = raising(Retryable("The desk is closed."))
    handover = scene.handover()
    waits: list[timedelta] = []
    while (next_at := run(handover).next_at) is not None:
        waits.append(next_at - timezone.now())
        assert handover.message == "The desk is closed."
        scene.later(waits[-1])
    assert waits == [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, *[DAY] * 7]
    assert (handover.state, handover.tries) == ("given_up", 13)
    assert handover.message == "It was tried for a week without success. The last reason: The desk is closed."


def test_a_rate_limit_is_no_failure_and_its_wish_is_honoured(scene: Scene) -> None:
    scene.desk.at_list = raising(Retryable("Wait.", retry_after=600, free=True))
    handover = run(scene.handover())
    assert (handover.next_at, handover.tries) == (START + 10 * MINUTE, 0)
    scene.desk.at_list = raising(Retryable("Closed.", retry_after=600))
    scene.later(10 * MINUTE)
    assert (run(handover).next_at, handover.tries) == (START + 20 * MINUTE, 1)


def test_a_file_that_went_over_without_an_answer_is_found_and_not_sent_again(scene: Scene) -> None:
    scene.desk.put("f-1", "invoice.pdf")
    scene.shelf.after = once(OutcomeUnknown("No answer came."))
    handover = run(scene.handover())
    assert (handover.state, handover.message, handover.tries) == ("waiting", "No answer came.", 1)
    scene.later(MINUTE)
    assert (run(handover).state, rows(handover)) == ("done", [("invoice.pdf", "handed", WAS_THERE)])
    assert scene.shelf.names() == ["invoice.pdf"]


def test_after_a_call_without_an_answer_nobody_looks_before_the_quiet_time_is_over(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ShelvedBooks, "can", replace(ShelvedBooks.can, quiet_seconds=400))
    scene.desk.put("f-1", "invoice.pdf")
    scene.shelf.before = once(OutcomeUnknown("No answer came."))
    assert run(scene.handover()).next_at == START + timedelta(seconds=400)


def test_a_file_that_fails_each_time_holds_no_other_up(scene: Scene) -> None:
    scene.desk.put("f-1", "bad.pdf")
    scene.desk.put("f-2", "good.pdf")

    def act() -> None:
        if scene.desk.asked[-1].startswith("fetch f-1"):
            raise Retryable("Unreadable.")

    scene.desk.at_fetch = act
    handover = run(scene.handover())
    assert scene.shelf.names() == []
    scene.later(MINUTE)
    run(handover)
    assert (scene.shelf.names(), handover.state) == (["good.pdf"], "waiting")
    assert rows(handover) == [("bad.pdf", "waiting", "Unreadable."), ("good.pdf", "handed", "")]


def test_an_error_of_ours_counts_and_is_tried_again(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.desk.at_list = once(KeyError("x"))
    handover = run(scene.handover())
    assert (handover.state, handover.tries) == ("waiting", 1)
    assert handover.message == "An error on our side: KeyError. The log has the details."
    assert "Traceback" in caplog.text
    scene.later(MINUTE)
    assert run(handover).state == "nothing"


# --- connections -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["source", "books"])
def test_whoever_refuses_the_credentials_is_deauthorised_and_the_files_wait(scene: Scene, side: str) -> None:
    scene.desk.put("f-1", "invoice.pdf")
    refused = raising(Unauthorised("The key is revoked."))
    if side == "source":
        scene.desk.at_fetch = refused
    else:
        scene.shelf.before = refused
    handover = run(scene.handover())
    scene.source.refresh_from_db()
    scene.books.refresh_from_db()
    stopped, other = (scene.source, scene.books) if side == "source" else (scene.books, scene.source)
    assert (stopped.status, other.status) == (Status.DEAUTHORISED, Status.LINKED)
    assert (handover.state, handover.tries, handover.message) == ("waiting", 0, "The key is revoked.")


@pytest.mark.parametrize("side", ["source", "books"])
@pytest.mark.parametrize("fields", [{"paused": True}, {"status": "deauthorised"}, {"open_until": START + DAY}])
def test_nothing_is_asked_while_a_side_is_not_in_use(scene: Scene, side: str, fields: dict[str, object]) -> None:
    handover = scene.handover()
    connection: Connection = getattr(scene, side)
    Connection.objects.filter(pk=connection.pk).update(**fields)
    run(handover)
    assert (scene.desk.asked, handover.state, handover.tries) == ([], "waiting", 0)
    Connection.objects.filter(pk=connection.pk).update(paused=False, status="linked", open_until=None)
    scene.later(MINUTE)
    assert run(handover).state == "nothing"


@pytest.mark.parametrize("side", ["source", "books"])
def test_a_pause_in_the_middle_stops_before_the_next_call(
    scene: Scene, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.postings.attachments.leases.KEPT_EVERY_SECONDS", -1.0)
    scene.desk.put("f-1", "invoice.pdf")
    connection: Connection = getattr(scene, side)
    scene.desk.at_fetch = lambda: Connection.objects.filter(pk=connection.pk).update(paused=True)
    handover = run(scene.handover())
    assert (scene.shelf.names(), handover.state, handover.tries) == ([], "waiting", 0)
    assert handover.message == f"{connection} was paused or unlinked meanwhile. It goes on when it is in use again."


def test_without_its_source_it_is_given_up(scene: Scene) -> None:
    handover = scene.handover()
    Connection.objects.filter(pk=scene.source.pk).update(status=Status.UNLINKED)
    assert run(handover).state == "given_up"
    assert handover.message == "The connection that its files come from was unlinked, or its settings are incomplete."


# --- what it leaves alone --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [None, Rejected("No."), Retryable("Away."), OutcomeUnknown("Unclear.")])
def test_the_posting_is_as_it_was_whatever_comes_of_its_files(scene: Scene, error: Exception | None) -> None:
    scene.desk.put("f-1", "invoice.pdf")
    handover = scene.handover()
    posting = Posting.objects.filter(pk=handover.posting_id)
    before, moves = posting.values().get(), Transition.objects.count()
    if error:
        scene.shelf.before = raising(error)
    run(handover)
    assert (posting.values().get(), Transition.objects.count()) == (before, moves)


def test_no_content_is_kept_in_our_database(scene: Scene) -> None:
    scene.desk.put("f-1", "invoice.pdf", b"planted-content-of-the-file" * 10)
    scene.desk.put("f-2", "refused.pdf", b"planted-content-of-the-file" * 10)
    scene.shelf.after = once(Rejected("Not this one."))
    assert run(scene.handover()).state == "partly"
    tables = database.introspection.table_names()
    models = [model for model in apps.get_models() if model._meta.db_table in tables]
    kept = "".join(repr(list(model._default_manager.values())) for model in models)
    assert "invoice.pdf" in kept
    assert "planted-content" not in kept


def test_the_built_in_ledger_takes_them_in_the_same_flow(scene: Scene) -> None:
    scene.desk.put("f-1", "invoice.pdf", b"%PDF")
    scene.books.status = Status.UNLINKED
    scene.books.save()
    scene.books = LedgerConnectionFactory.create(company=scene.books.company)
    handover = run(scene.handover())
    assert (handover.state, handover.message) == ("done", "")
    (kept,) = LedgerAttachment.objects.all()
    assert (str(kept.entry_id), kept.name, bytes(kept.content)) == (
        handover.posting.external_id, "invoice.pdf", b"%PDF",
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_no_database_connection_is_held_during_a_call(scene: Scene) -> None:
    held: list[object] = []
    scene.desk.put("f-1", "invoice.pdf")
    scene.desk.at_list = scene.desk.at_fetch = lambda: held.append(database.connection)
    scene.shelf.at_attached = scene.shelf.before = lambda: held.append(database.connection)
    assert run(scene.handover()).state == "done"
    assert held == [None] * 4


def test_each_call_has_its_time_and_its_patience(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, object]] = []

    def noting(connection: Connection, keep: object, **terms: object) -> object:
        told.append({"at": connection.integration, **{name: terms[name] for name in sorted(terms)[:2]}})
        return paced(connection, keep, **terms)  # type: ignore[arg-type]

    monkeypatch.setattr("portal.postings.attachments.handing.paced", noting)
    scene.desk.put("f-1", "invoice.pdf")
    run(scene.handover())
    limits = {"deadline_seconds": 45.0, "patience_seconds": 30.0}
    assert told == [{"at": one, **limits} for one in ("papers", "fake", "papers", "fake")]


def test_states_agree_with_their_constraints(scene: Scene) -> None:
    handover = scene.handover()
    for values in ({"state": HandoverState.DONE}, {"next_at": None}, {"lease_token": handover.posting.idempotency_key}):
        with pytest.raises(IntegrityError), atomic():
            Handover.objects.filter(pk=handover.pk).update(**values)
